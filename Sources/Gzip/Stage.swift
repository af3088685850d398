/// Takes the bytes that a stage puts out, in order.
///
/// The bytes are valid only during the call. What it throws comes out of the call of the stage
/// that led to it, unchanged.
public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

/// One step of a stream: bytes are pushed in, what becomes of them is pushed on to the sink.
///
/// Every stage of an upload or a restore has this shape, so that stages are joined by handing
/// `write` of one to the other as its sink, and one thread moves the bytes through all of them;
/// what takes time (compression, gpg, the network) runs beside it, in threads or a process of the
/// stage's own. The rules:
///
/// - The end of the input is not success. Only ``finish()`` says that all went well, and only then
///   does the stage have a result; whoever meets an error calls nothing more and lets go of the
///   stage, which then ends its threads and processes.
/// - After an error every further call throws.
/// - `write` blocks while what follows is slower: nothing is buffered without a bound.
/// - A stage is used from one thread at a time.
public protocol CompressionStage: AnyObject {
    /// Takes the next bytes of the input, of any length.
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Ends the input, hands on what is left and returns the totals of an intact stream.
    func finish() throws -> StreamTotals
}

/// What went through a stage.
public struct StreamTotals: Hashable, Sendable {
    /// Bytes taken.
    public var bytesIn: Int64 = 0
    /// Bytes handed on.
    public var bytesOut: Int64 = 0
    /// CRC-32 (the one of gzip and zip) of all bytes on the uncompressed side.
    public var crc32: UInt32 = 0
    /// Members (gzip) or frames (zstd) written or read; 0 without compression.
    public var members = 0

    /// Totals of nothing.
    public init() {}
}

/// Where a stage stands: what keeps a failed stage from ever reporting success.
enum StageState {
    case open, failed, finished

    /// Runs a step of an open stage; a step that throws leaves it failed for good.
    mutating func enter(_ operation: CompressionError.Operation, _ format: Format) throws {
        guard case .open = self else {
            throw CompressionError(operation, format, .notOpen, at: 0)
        }
        self = .failed
    }
}
