/// A file of a saved listing, and what its first bytes say that it is.
final class SavedFile {
    /// What a file holds, unpacked.
    enum Content {
        case empty, xml, json, manifest, text, checksum, orc, parquet

        /// As messages call it.
        var words: String {
            switch self {
            case .empty: "nothing"
            case .xml: "XML"
            case .json: "JSON"
            case .manifest: "the manifest of an inventory"
            case .text, .checksum: "text"
            case .orc: "ORC"
            case .parquet: "Parquet"
            }
        }
    }

    /// The path as it was given; `-` is standard input.
    let path: String
    let content: Content
    /// Whether it cannot be opened a second time.
    let isPipe: Bool
    private var pipe: (any ListingInput)?

    private static let sniffedBytes = 4096

    /// Looks at the first bytes of a file.
    init(path: String) throws {
        self.path = path
        isPipe = path == "-" || !ListingPaths.isRegular(path)
        let file = try OpenFile(path: path)
        let recording = RecordingInput(file)
        content = Self.content(
            of: try ListingFile(name: Self.name(of: path), input: recording)
                .read(count: Self.sniffedBytes))
        if isPipe { pipe = BufferedInput(recording.bytes, then: file) }
    }

    /// The path as messages call it.
    var name: String { Self.name(of: path) }

    /// The file from its beginning, unpacked; once only.
    func open() throws -> ListingFile { ListingFile(name: name, input: try packed()) }

    /// The file from its beginning, as it is; once only.
    func packed() throws -> any ListingInput {
        guard isPipe else { return try OpenFile(path: path) }
        defer { pipe = nil }
        return pipe ?? BufferedInput([])
    }

    private static func name(of path: String) -> String { path == "-" ? "standard input" : path }

    private static func content(of bytes: [UInt8]) -> Content {
        if bytes.starts(with: Array("ORC".utf8)) { return .orc }
        if bytes.starts(with: Array("PAR1".utf8)) { return .parquet }
        var text = bytes[...]
        // The mark that some editors put before UTF-8.
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        text = text.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        switch text.first {
        case nil: return .empty
        case UInt8(ascii: "<"): return .xml
        case UInt8(ascii: "{"), UInt8(ascii: "["): return isManifest(bytes) ? .manifest : .json
        default: return isChecksum(bytes) ? .checksum : .text
        }
    }

    /// Whether a JSON object that begins so has members that only a manifest has.
    private static func isManifest(_ bytes: [UInt8]) -> Bool {
        let scanner = JSONScanner(
            ListingText(ListingFile(name: "", input: BufferedInput(bytes))))
        do {
            try scanner.skipMark()
            try scanner.open(UInt8(ascii: "{"))
            var isFirst = true
            while try scanner.next(isFirst: isFirst, closing: UInt8(ascii: "}")) {
                isFirst = false
                let name = String(decoding: try scanner.name(), as: UTF8.self)
                if ["sourceBucket", "fileSchema", "fileFormat"].contains(name) { return true }
                try scanner.skip()
            }
        } catch {
            // It goes on beyond the bytes that were looked at, or is no JSON.
        }
        return false
    }

    /// Whether this is an MD5 and nothing else, as S3 writes it beside a manifest.
    private static func isChecksum(_ bytes: [UInt8]) -> Bool {
        let digits = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        return digits.count == 32
            && digits.allSatisfy { UnicodeScalar($0).properties.isASCIIHexDigit }
    }
}
