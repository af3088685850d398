/// The way a stream is compressed.
public enum Compression: Hashable, Sendable {
    /// gzip at a level from 1 (fast) to 9 (dense).
    case gzip(level: Int)
    /// zstd at level 3.
    case zstd
    /// The bytes as they are.
    case none

    /// What is used when nothing is said.
    public static let standard = Compression.gzip(level: 6)

    /// Reads `gzip`, `gzip:1` to `gzip:9`, `zstd` or `none`; anything else is nil.
    public init?(_ text: String) {
        switch text {
        case "gzip": self = .standard
        case "zstd": self = .zstd
        case "none": self = .none
        default:
            let digits = text.utf8.dropFirst(5)
            guard text.hasPrefix("gzip:"), digits.count == 1, let digit = digits.first,
                (0x31...0x39).contains(digit)
            else { return nil }
            self = .gzip(level: Int(digit) - 0x30)
        }
    }

    /// The format that a stream begins with, by its first four bytes; ``Format/none`` where they
    /// are neither of the two.
    public static func format(ofStreamBeginning bytes: some Collection<UInt8>) -> Format {
        let head = Array(bytes.prefix(4))
        if head.starts(with: [0x1F, 0x8B]) { return .gzip }
        if head == [0x28, 0xB5, 0x2F, 0xFD] { return .zstd }
        return .none
    }

    /// A stage that compresses in this way.
    public func compressor(into sink: @escaping Sink) throws -> any CompressionStage {
        switch self {
        case .gzip(let level): try GzipCompressor(level: level, into: sink)
        case .zstd: try ZstdCompressor(into: sink)
        case .none: Copier(limit: .max, operation: .compress, into: sink)
        }
    }
}

extension Compression: CustomStringConvertible {
    /// As an operator writes it: `gzip:6`, `zstd`, `none`.
    public var description: String {
        switch self {
        case .gzip(let level): "gzip:\(level)"
        case .zstd: "zstd"
        case .none: "none"
        }
    }
}

/// The format of a stream.
public enum Format: String, Hashable, Sendable {
    /// RFC 1952.
    case gzip
    /// RFC 8878.
    case zstd
    /// Not compressed.
    case none

    /// A stage that reads this format and puts out at most `limit` bytes.
    ///
    /// A stream that would become longer is refused (``CompressionError/Code/tooLarge``) before
    /// the sink sees a byte beyond the limit.
    public func decompressor(
        limit: Int64 = .max, into sink: @escaping Sink
    ) throws -> any CompressionStage {
        switch self {
        case .gzip: try GzipDecompressor(limit: limit, into: sink)
        case .zstd: try ZstdDecompressor(limit: limit, into: sink)
        case .none: Copier(limit: limit, operation: .decompress, into: sink)
        }
    }
}
