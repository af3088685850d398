internal import Glibc

/// The bytes of one part, in memory that goes back to the system when the part is gone.
///
/// Whoever holds it is alone with it: it is filled by one thread, then sent by another.
final class PartBuffer: @unchecked Sendable {
    let capacity: Int
    private let base: UnsafeMutableRawPointer
    private(set) var count = 0

    /// Throws where the system has no memory to give.
    init(capacity: Int) throws(OutOfMemory) {
        let pages = mmap(
            nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages, pages != MAP_FAILED else { throw OutOfMemory(bytes: capacity) }
        base = pages
        self.capacity = capacity
        // Large, and of no use in a core dump.
        _ = madvise(base, capacity, MADV_DONTDUMP)
    }

    deinit { munmap(base, capacity) }

    var isFull: Bool { count == capacity }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Takes as many bytes as there is room for, and returns their number.
    func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        let taken = min(bytes.count, capacity - count)
        guard taken > 0, let source = bytes.baseAddress else { return 0 }
        base.advanced(by: count).copyMemory(from: source, byteCount: taken)
        count += taken
        return taken
    }
}

/// The system has no memory to give.
public struct OutOfMemory: Error, CustomStringConvertible {
    /// How much was asked for.
    public let bytes: Int
    /// The problem in words.
    public var description: String { "no memory for a part of \(bytes) bytes" }
}
