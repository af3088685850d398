import CDeflate
import CZstd
import Glibc

/// Compresses into one zstd frame (RFC 8878) at level 3, with a checksum, on several cores.
public final class ZstdCompressor: CompressionStage {
    private let context: OpaquePointer
    private let sink: Sink
    private let buffer: UnsafeMutableRawBufferPointer
    private var totals = StreamTotals()
    private var state = StageState.open

    /// A compressor with this many threads, at most 4 unless said.
    public init(threads: Int? = nil, into sink: @escaping Sink) throws {
        guard let context = ZSTD_createCCtx() else {
            throw CompressionError(.compress, .zstd, .resources, at: 0)
        }
        self.context = context
        self.sink = sink
        buffer = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 64)
        let workers = threads ?? min(BlockRing.defaultLanes - 1, 4)
        // Jobs of 2 MiB: each worker holds one or two, which bounds the memory.
        for (parameter, value) in [
            (ZSTD_c_compressionLevel, 3), (ZSTD_c_checksumFlag, 1),
            (ZSTD_c_nbWorkers, Int32(workers)), (ZSTD_c_jobSize, 2 << 20),
        ] {
            guard ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)) == 0 else {
                throw CompressionError(.compress, .zstd, .resources, at: 0)
            }
        }
    }

    deinit {
        ZSTD_freeCCtx(context)
        buffer.deallocate()
    }

    /// Takes the next bytes of the input.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try state.enter(.compress, .zstd)
        if bytes.count > 0 {
            totals.crc32 = libdeflate_crc32(totals.crc32, bytes.baseAddress, bytes.count)
            try push(bytes, ZSTD_e_continue)
            totals.bytesIn += Int64(bytes.count)
        }
        state = .open
    }

    /// Ends the frame.
    public func finish() throws -> StreamTotals {
        try state.enter(.compress, .zstd)
        try push(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end)
        totals.members = 1
        state = .finished
        return totals
    }

    private func push(_ bytes: UnsafeRawBufferPointer, _ end: ZSTD_EndDirective) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let left = ZSTD_compressStream2(context, &output, &input, end)
            guard ZSTD_isError(left) == 0 else {
                throw CompressionError(.compress, .zstd, .resources, at: totals.bytesOut)
            }
            if output.pos > 0 {
                totals.bytesOut += Int64(output.pos)
                try sink(UnsafeRawBufferPointer(rebasing: buffer[..<output.pos]))
            }
            if end == ZSTD_e_end ? left == 0 : input.pos == input.size { return }
        }
    }
}

/// Reads zstd: one frame or several one after another.
///
/// Checksums are verified where a frame has one. Frames that need more than 128 MiB of window are
/// refused.
public final class ZstdDecompressor: CompressionStage {
    private let context: OpaquePointer
    private let sink: Sink
    private let limit: Int64
    private let buffer: UnsafeMutableRawBufferPointer
    private var totals = StreamTotals()
    private var frameOffset: Int64 = 0
    private var isInFrame = false
    private var state = StageState.open

    /// A reader that puts out at most `limit` bytes.
    public init(limit: Int64 = .max, into sink: @escaping Sink) throws {
        guard let context = ZSTD_createDCtx() else {
            throw CompressionError(.decompress, .zstd, .resources, at: 0)
        }
        self.context = context
        self.sink = sink
        self.limit = limit
        buffer = .allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 64)
    }

    deinit {
        ZSTD_freeDCtx(context)
        buffer.deallocate()
    }

    /// Takes the next bytes of the compressed stream.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try state.enter(.decompress, .zstd)
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var isFull = false
        while input.pos < input.size || isFull {
            if !isInFrame { frameOffset = totals.bytesIn + Int64(input.pos) }
            var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let result = ZSTD_decompressStream(context, &output, &input)
            guard ZSTD_isError(result) == 0 else { throw failure(code(of: result)) }
            isInFrame = result != 0
            if result == 0 { totals.members += 1 }
            try put(UnsafeRawBufferPointer(rebasing: buffer[..<output.pos]))
            isFull = isInFrame && output.pos == output.size
        }
        totals.bytesIn += Int64(bytes.count)
        state = .open
    }

    /// Ends the input, which must be at the end of a frame.
    public func finish() throws -> StreamTotals {
        try state.enter(.decompress, .zstd)
        guard totals.bytesIn > 0 else { throw failure(.empty) }
        guard !isInFrame else { throw failure(.truncated) }
        state = .finished
        return totals
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count > 0 else { return }
        guard Int64(bytes.count) <= limit - totals.bytesOut else {
            throw failure(.tooLarge(limit: limit))
        }
        totals.crc32 = libdeflate_crc32(totals.crc32, bytes.baseAddress, bytes.count)
        totals.bytesOut += Int64(bytes.count)
        try sink(bytes)
    }

    private func code(of result: Int) -> CompressionError.Code {
        switch ZSTD_getErrorCode(result) {
        case ZSTD_error_prefix_unknown: frameOffset == 0 ? .otherFormat : .trailingBytes
        case ZSTD_error_checksum_wrong: .badChecksum
        case ZSTD_error_memory_allocation: .resources
        case ZSTD_error_frameParameter_windowTooLarge: .badHeader("a window above 128 MiB")
        case ZSTD_error_frameParameter_unsupported, ZSTD_error_version_unsupported:
            .badHeader("parameters that cannot be read")
        default: .badData
        }
    }

    private func failure(_ code: CompressionError.Code) -> CompressionError {
        CompressionError(.decompress, .zstd, code, at: frameOffset)
    }
}
