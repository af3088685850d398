internal import Glibc

/// Bytes that are appended once and read back later, in memory up to a limit and in a temporary
/// file beyond it.
public final class SpillBuffer {
    private let memoryLimit: Int
    private var memory: [UInt8] = []
    private var file: TemporaryFile?
    private var fileBytes: Int { file?.count ?? 0 }

    /// The number of bytes appended so far.
    public var count: Int { fileBytes + memory.count }

    /// Whether a part is in a temporary file.
    public var isSpilled: Bool { file != nil }

    /// An empty buffer that keeps at most about this many bytes in memory.
    public init(memoryLimit: Int) { self.memoryLimit = memoryLimit }

    /// Appends bytes; throws where the temporary file cannot be written.
    public func append(_ bytes: some Collection<UInt8>) throws(SpillError) {
        memory.append(contentsOf: bytes)
        if memory.count > memoryLimit { try spill() }
    }

    /// Reads `count` bytes from `offset`, which must have been appended.
    public func read(at offset: Int, count: Int) throws(SpillError) -> [UInt8] {
        if offset >= fileBytes {
            return Array(memory[(offset - fileBytes)..<(offset - fileBytes + count)])
        }
        if offset + count > fileBytes { try spill() }
        guard let file else { throw SpillError(code: EBADF) }
        var result = [UInt8](repeating: 0, count: count)
        try result.withUnsafeMutableBufferPointer { bytes throws(SpillError) in
            try file.read(at: offset, into: UnsafeMutableRawBufferPointer(bytes))
        }
        return result
    }

    /// Hands all bytes in order to `body`, a block at a time.
    public func forEachBlock(_ body: ([UInt8]) throws -> Void) throws {
        var offset = 0
        while offset < count {
            let block = min(1 << 16, count - offset)
            try body(try read(at: offset, count: block))
            offset += block
        }
    }

    /// Empties the buffer for another use.
    public func removeAll() {
        memory.removeAll(keepingCapacity: true)
        file = nil
    }

    private func spill() throws(SpillError) {
        let file: TemporaryFile
        if let open = self.file { file = open } else { file = try TemporaryFile() }
        self.file = file
        try memory.withUnsafeBufferPointer { bytes throws(SpillError) in
            try file.append(UnsafeRawBufferPointer(bytes))
        }
        memory.removeAll(keepingCapacity: true)
    }
}
