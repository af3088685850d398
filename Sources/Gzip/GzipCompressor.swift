import CDeflate
import CZlib

/// Compresses into gzip members of 512 KiB of input each, on all cores, in order.
///
/// Any reader of gzip takes the members for one stream. Each carries its size, which lets
/// ``GzipDecompressor`` read them on all cores too, and an empty member ends the stream.
/// Deterministic: no times, no names.
public final class GzipCompressor: CompressionStage {
    private let ring: BlockRing
    private let output: Output
    private var block: Block?
    private var state = StageState.open

    /// What the ring's deliveries add up to.
    private final class Output {
        let sink: Sink
        var totals = StreamTotals()

        init(_ sink: @escaping Sink) { self.sink = sink }

        func deliver(_ block: Block) throws {
            if let problem = block.problem {
                throw CompressionError(.compress, .gzip, problem, at: totals.bytesOut)
            }
            totals.crc32 = UInt32(
                truncatingIfNeeded: crc32_combine(
                    UInt(totals.crc32), UInt(block.crc32), block.inputCount))
            totals.bytesOut += Int64(block.outputCount)
            totals.members += 1
            block.inputCount = 0
            try sink(UnsafeRawBufferPointer(rebasing: block.output[..<block.outputCount]))
        }
    }

    /// A compressor at a level from 1 (fast) to 9 (dense) with this many threads.
    public init(level: Int, threads: Int? = nil, into sink: @escaping Sink) throws {
        precondition((1...9).contains(level), "gzip levels go from 1 to 9")
        let output = Output(sink)
        self.output = output
        let bound = libdeflate_deflate_compress_bound(nil, MemberHeader.blockSize)
        do {
            ring = try BlockRing(
                lanes: threads ?? BlockRing.defaultLanes,
                inputSize: MemberHeader.blockSize,
                outputSize: bound + MemberHeader.writtenLength + MemberHeader.trailerLength,
                makeWork: { Deflater(level: level).map { deflater in { deflater.member($0) } } },
                deliver: { try output.deliver($0) })
        } catch {
            throw CompressionError(.compress, .gzip, .resources, at: 0)
        }
    }

    /// Takes the next bytes of the input.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try state.enter(.compress, .gzip)
        var rest = bytes[...]
        while !rest.isEmpty {
            let block = try openBlock()
            let room = block.input[block.inputCount...]
            let part = rest.prefix(room.count)
            UnsafeMutableRawBufferPointer(rebasing: room).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: part))
            block.inputCount += part.count
            rest = rest.dropFirst(part.count)
            if block.inputCount == block.input.count { submit() }
        }
        output.totals.bytesIn += Int64(bytes.count)
        state = .open
    }

    /// Ends the stream with an empty member.
    public func finish() throws -> StreamTotals {
        try state.enter(.compress, .gzip)
        if block != nil { submit() }
        _ = try openBlock()
        submit()
        try ring.drain()
        state = .finished
        return output.totals
    }

    private func openBlock() throws -> Block {
        if let block { return block }
        let fresh = try ring.block()
        block = fresh
        return fresh
    }

    private func submit() {
        block = nil
        ring.submit()
    }
}

/// One thread's libdeflate compressor.
private final class Deflater {
    private let handle: OpaquePointer
    private let level: Int

    init?(level: Int) {
        guard let handle = libdeflate_alloc_compressor(Int32(level)) else { return nil }
        self.handle = handle
        self.level = level
    }

    deinit { libdeflate_free_compressor(handle) }

    /// Makes a whole member of the block's input.
    func member(_ block: Block) {
        let start = MemberHeader.writtenLength
        let room = block.output.count - start - MemberHeader.trailerLength
        let count = libdeflate_deflate_compress(
            handle, block.input.baseAddress, block.inputCount, block.output.baseAddress! + start,
            room)
        guard count > 0 else {
            block.problem = .resources
            return
        }
        block.crc32 = libdeflate_crc32(0, block.input.baseAddress, block.inputCount)
        let end = start + count
        block.output.storeBytes(
            of: block.crc32.littleEndian, toByteOffset: end, as: UInt32.self)
        block.output.storeBytes(
            of: UInt32(block.inputCount).littleEndian, toByteOffset: end + 4, as: UInt32.self)
        block.outputCount = end + MemberHeader.trailerLength
        MemberHeader.write(
            into: block.output, memberSize: block.outputCount, level: level)
    }
}
