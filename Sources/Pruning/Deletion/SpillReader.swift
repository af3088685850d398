/// Reads numbers and bytes from a spill buffer, from its start.
struct SpillReader {
    private let bytes: SpillBuffer
    private var offset = 0
    private var block: ArraySlice<UInt8> = []

    init(_ bytes: SpillBuffer) { self.bytes = bytes }

    /// Whether everything was read.
    var isAtEnd: Bool { block.isEmpty && offset == bytes.count }

    /// A number of eight bytes, the highest first.
    mutating func number() throws(SpillError) -> Int {
        try take(8).reduce(0) { $0 << 8 | Int($1) }
    }

    /// The next `count` bytes.
    mutating func take(_ count: Int) throws(SpillError) -> [UInt8] {
        while block.count < count {
            let more = min(max(1 << 16, count), bytes.count - offset)
            guard more > 0 else { throw SpillError(code: 5) }
            block = ArraySlice(Array(block) + (try bytes.read(at: offset, count: more)))
            offset += more
        }
        defer { block = block.dropFirst(count) }
        return Array(block.prefix(count))
    }
}

extension [UInt8] {
    /// Eight bytes, the highest first.
    mutating func append(number: Int) {
        for shift in stride(from: 56, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}
