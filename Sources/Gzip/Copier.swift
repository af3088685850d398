import CDeflate

/// The stage of no compression: hands the bytes on, counted and checksummed.
final class Copier: CompressionStage {
    private let limit: Int64
    private let operation: CompressionError.Operation
    private let sink: Sink
    private var totals = StreamTotals()
    private var state = StageState.open

    init(limit: Int64, operation: CompressionError.Operation, into sink: @escaping Sink) {
        self.limit = limit
        self.operation = operation
        self.sink = sink
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try state.enter(operation, .none)
        guard Int64(bytes.count) <= limit - totals.bytesOut else {
            throw CompressionError(operation, .none, .tooLarge(limit: limit), at: 0)
        }
        if bytes.count > 0 {
            totals.crc32 = libdeflate_crc32(totals.crc32, bytes.baseAddress, bytes.count)
            totals.bytesIn += Int64(bytes.count)
            totals.bytesOut += Int64(bytes.count)
            try sink(bytes)
        }
        state = .open
    }

    func finish() throws -> StreamTotals {
        try state.enter(operation, .none)
        state = .finished
        return totals
    }
}
