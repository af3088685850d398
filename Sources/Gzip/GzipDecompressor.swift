import CDeflate
import CZlib

/// Reads gzip: one member or several one after another (RFC 1952), by whomever they were made.
///
/// Header, checksum and length of every member are checked. Members that say their size, as
/// ``GzipCompressor`` writes them, are read on all cores; such a stream must be made of them to
/// its end, which is an empty member. Refused are an empty input, anything that follows the last
/// member (padding too), and a stream that ends in the middle.
public final class GzipDecompressor: CompressionStage {
    private enum Place {
        /// Collecting a header.
        case header
        /// Collecting a member of known size.
        case sized(Block)
        /// Inside the data of a member of unknown size.
        case data
        /// Collecting the checksum and the length.
        case trailer
        /// After the member that ends a sized stream.
        case ended
    }

    private enum Kind { case undecided, sized, plain }

    private let limit: Int64
    private let threads: Int
    private let output: Output
    private var ring: BlockRing?
    private var inflater: Inflater?
    private var place = Place.header
    private var kind = Kind.undecided
    private var pending: [UInt8] = []
    private var memberOffset: Int64 = 0
    private var promised: Int64 = 0
    private var state = StageState.open

    /// A reader that puts out at most `limit` bytes, with this many threads.
    public init(limit: Int64 = .max, threads: Int? = nil, into sink: @escaping Sink) throws {
        self.limit = limit
        self.threads = threads ?? BlockRing.defaultLanes
        output = Output(sink)
    }

    /// Takes the next bytes of the compressed stream.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try state.enter(.decompress, .gzip)
        var rest = bytes[...]
        while !rest.isEmpty {
            let before = rest.count
            switch place {
            case .header: try header(&rest)
            case .sized(let block): try sized(block, &rest)
            case .data: try data(&rest)
            case .trailer: try trailer(&rest)
            case .ended: throw failure(.trailingBytes, at: output.totals.bytesIn)
            }
            output.totals.bytesIn += Int64(before - rest.count)
        }
        state = .open
    }

    /// Ends the input, which must be at the end of the stream.
    public func finish() throws -> StreamTotals {
        try state.enter(.decompress, .gzip)
        guard output.totals.bytesIn > 0 else { throw failure(.empty) }
        try ring?.drain()
        switch (place, kind) {
        case (.ended, _): break
        case (.header, .plain) where pending.isEmpty: break
        default: throw failure(.truncated)
        }
        state = .finished
        return output.totals
    }

    private func failure(_ code: CompressionError.Code, at offset: Int64? = nil) -> CompressionError
    {
        CompressionError(.decompress, .gzip, code, at: offset ?? memberOffset)
    }

    // MARK: Headers

    private func header(_ rest: inout Slice<UnsafeRawBufferPointer>) throws {
        if pending.isEmpty { memberOffset = output.totals.bytesIn }
        let held = pending.count
        // Little at first, as headers are short, then twice as much each time.
        let taken = rest.prefix(max(MemberHeader.writtenLength, held))
        pending.append(contentsOf: taken)
        let found: MemberHeader?
        do {
            found = try pending.withUnsafeBytes { try MemberHeader.read($0) }
        } catch let problem as HeaderProblem {
            throw failure(code(of: problem))
        }
        guard let found else {
            guard pending.count < MemberHeader.longest else {
                throw failure(.badHeader("a header without an end"))
            }
            rest = rest.dropFirst(taken.count)
            return
        }
        // What was taken beyond the header goes back: the header's end lies within `rest`.
        rest = rest.dropFirst(found.length - held)
        try begin(found)
        pending.removeAll(keepingCapacity: true)
    }

    private func code(of problem: HeaderProblem) -> CompressionError.Code {
        switch problem {
        case .magic: memberOffset == 0 ? .otherFormat : .trailingBytes
        case .rule(let words): .badHeader(words)
        }
    }

    private func begin(_ header: MemberHeader) throws {
        guard let size = header.memberSize else {
            guard kind != .sized else { throw failure(.badHeader("a member without its size")) }
            kind = .plain
            if inflater == nil { inflater = try Inflater() }
            inflater?.begin()
            place = .data
            return
        }
        guard kind != .plain else { throw failure(.badHeader("a member out of place")) }
        kind = .sized
        guard size >= header.length + MemberHeader.trailerLength else {
            throw failure(.badHeader("impossible size of a member"))
        }
        let block = try openRing().block()
        block.offset = memberOffset
        block.outputCount = size - header.length
        block.inputCount = 0
        place = .sized(block)
    }

    // MARK: Members of known size

    private func openRing() throws -> BlockRing {
        if let ring { return ring }
        do {
            let output = self.output
            let fresh = try BlockRing(
                lanes: threads, inputSize: MemberHeader.longestSized,
                outputSize: MemberHeader.longestSized,
                makeWork: { MemberReader().map { reader in { reader.read($0) } } },
                deliver: { try output.deliver($0) })
            ring = fresh
            return fresh
        } catch {
            throw failure(.resources)
        }
    }

    /// Collects data and trailer; until they are complete, `outputCount` is what they will be.
    private func sized(_ block: Block, _ rest: inout Slice<UnsafeRawBufferPointer>) throws {
        let part = rest.prefix(block.outputCount - block.inputCount)
        UnsafeMutableRawBufferPointer(rebasing: block.input[block.inputCount...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: part))
        block.inputCount += part.count
        rest = rest.dropFirst(part.count)
        guard block.inputCount == block.outputCount else { return }
        let length = block.input.loadUnaligned(
            fromByteOffset: block.inputCount - 4, as: UInt32.self
        ).littleEndian
        guard length <= MemberHeader.longestSized else { throw failure(.badLength) }
        guard Int64(length) <= limit - promised else { throw failure(.tooLarge(limit: limit)) }
        promised += Int64(length)
        ring?.submit()
        place = length == 0 ? .ended : .header
    }

    // MARK: Members of unknown size

    private func data(_ rest: inout Slice<UnsafeRawBufferPointer>) throws {
        guard let inflater else { return }
        let room = limit - output.totals.bytesOut
        let result: Inflater.Step
        do {
            result = try inflater.step(UnsafeRawBufferPointer(rebasing: rest))
        } catch let problem as CompressionError {
            throw failure(problem.code)
        }
        guard Int64(result.output.count) <= room else {
            throw failure(.tooLarge(limit: limit))
        }
        rest = rest.dropFirst(result.consumed)
        try output.put(result.output)
        if result.isEnd { place = .trailer }
    }

    private func trailer(_ rest: inout Slice<UnsafeRawBufferPointer>) throws {
        let part = rest.prefix(MemberHeader.trailerLength - pending.count)
        pending.append(contentsOf: part)
        rest = rest.dropFirst(part.count)
        guard pending.count == MemberHeader.trailerLength, let inflater else { return }
        let (checksum, length) = pending.withUnsafeBytes {
            (
                $0.loadUnaligned(as: UInt32.self).littleEndian,
                $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self).littleEndian
            )
        }
        guard checksum == inflater.crc32 else { throw failure(.badChecksum) }
        guard length == UInt32(truncatingIfNeeded: inflater.count) else {
            throw failure(.badLength)
        }
        output.totals.members += 1
        pending.removeAll(keepingCapacity: true)
        place = .header
    }
}

extension GzipDecompressor {
    /// Counts, checksums and hands on what was decompressed.
    private final class Output {
        let sink: Sink
        var totals = StreamTotals()

        init(_ sink: @escaping Sink) { self.sink = sink }

        func put(_ bytes: UnsafeRawBufferPointer) throws {
            guard bytes.count > 0 else { return }
            totals.crc32 = libdeflate_crc32(totals.crc32, bytes.baseAddress, bytes.count)
            totals.bytesOut += Int64(bytes.count)
            try sink(bytes)
        }

        func deliver(_ block: Block) throws {
            if let problem = block.problem {
                throw CompressionError(.decompress, .gzip, problem, at: block.offset)
            }
            totals.members += 1
            guard block.outputCount > 0 else { return }
            totals.crc32 = UInt32(
                truncatingIfNeeded: crc32_combine(
                    UInt(totals.crc32), UInt(block.crc32), block.outputCount))
            totals.bytesOut += Int64(block.outputCount)
            try sink(UnsafeRawBufferPointer(rebasing: block.output[..<block.outputCount]))
        }
    }
}
