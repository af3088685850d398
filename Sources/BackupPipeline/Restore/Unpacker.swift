public import Gzip

/// How the content of a message becomes the backup.
public enum Unpacking: Hashable, Sendable {
    /// As its first bytes say.
    case byContent
    /// In any case as this format; `none` leaves it as it is.
    case format(Format)
}

/// The stage that unpacks the content of a message, whatever it is packed with.
final class Unpacker {
    private let unpacking: Unpacking
    private let limit: Int64
    private let sink: (UnsafeRawBufferPointer) throws -> Void
    /// The first bytes, until they suffice to tell the format.
    private var head: [UInt8] = []
    private var stage: (format: Format, stage: any CompressionStage)?

    init(
        _ unpacking: Unpacking, limit: Int64,
        into sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.unpacking = unpacking
        self.limit = limit
        self.sink = sink
    }

    /// Takes the next bytes of the content.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if let stage { return try stage.stage.write(bytes) }
        head.append(contentsOf: bytes)
        if head.count >= 4 { try begin() }
    }

    /// Ends the content, which must be whole.
    func finish() throws -> (format: Format, totals: StreamTotals) {
        if stage == nil { try begin() }
        let (format, stage) = stage!
        return (format, try stage.finish())
    }

    private func begin() throws {
        let format =
            switch unpacking {
            case .byContent: Compression.format(ofStreamBeginning: head)
            case .format(let format): format
            }
        let stage = try format.decompressor(limit: limit, into: sink)
        self.stage = (format, stage)
        try head.withUnsafeBytes { try stage.write($0) }
        head = []
    }
}
