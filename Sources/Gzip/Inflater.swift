import CDeflate
import CZlib

/// zlib's inflate over raw deflate data of any length.
final class Inflater {
    /// What one step did.
    struct Step {
        /// Bytes of the input that were used.
        let consumed: Int
        /// What came out, valid until the next step.
        let output: UnsafeRawBufferPointer
        /// The data has ended.
        let isEnd: Bool
    }

    /// CRC-32 of what came out since ``begin()``.
    private(set) var crc32: UInt32 = 0
    /// Bytes that came out since ``begin()``.
    private(set) var count: Int64 = 0
    private let stream: UnsafeMutablePointer<z_stream>
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 256 << 10, alignment: 64)

    init() throws {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflate_raw_init(stream) == Z_OK else {
            throw CompressionError(.decompress, .gzip, .resources, at: 0)
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        buffer.deallocate()
    }

    /// Makes ready for the data of another member.
    func begin() {
        inflateReset(stream)
        crc32 = 0
        count = 0
    }

    /// Decodes as much as fits into the buffer.
    func step(_ bytes: UnsafeRawBufferPointer) throws -> Step {
        let offered = min(bytes.count, 1 << 30)
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(offered)
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(buffer.count)
        let code = inflate(stream, Z_NO_FLUSH)
        guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
            throw CompressionError(
                .decompress, .gzip, code == Z_MEM_ERROR ? .resources : .badData, at: 0)
        }
        let output = UnsafeRawBufferPointer(
            rebasing: buffer[..<(buffer.count - Int(stream.pointee.avail_out))])
        crc32 = libdeflate_crc32(crc32, output.baseAddress, output.count)
        count += Int64(output.count)
        return Step(
            consumed: offered - Int(stream.pointee.avail_in), output: output,
            isEnd: code == Z_STREAM_END)
    }
}

/// One thread's libdeflate decompressor, for members that are wholly in memory.
final class MemberReader {
    private let handle: OpaquePointer

    init?() {
        guard let handle = libdeflate_alloc_decompressor() else { return nil }
        self.handle = handle
    }

    deinit { libdeflate_free_decompressor(handle) }

    /// Decodes the block's input: deflate data, then checksum and length.
    func read(_ block: Block) {
        let dataCount = block.inputCount - MemberHeader.trailerLength
        let checksum = block.input.loadUnaligned(
            fromByteOffset: dataCount, as: UInt32.self
        ).littleEndian
        let length = Int(
            block.input.loadUnaligned(fromByteOffset: dataCount + 4, as: UInt32.self).littleEndian)
        var used = 0
        var made = 0
        let result = libdeflate_deflate_decompress_ex(
            handle, block.input.baseAddress, dataCount, block.output.baseAddress, length, &used,
            &made)
        block.outputCount = made
        block.problem = nil
        if result == LIBDEFLATE_INSUFFICIENT_SPACE {
            block.problem = .badLength
        } else if result != LIBDEFLATE_SUCCESS || used != dataCount {
            block.problem = .badData
        } else if made != length {
            block.problem = .badLength
        } else {
            block.crc32 = libdeflate_crc32(0, block.output.baseAddress, made)
            if block.crc32 != checksum { block.problem = .badChecksum }
        }
    }
}
