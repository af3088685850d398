internal import Glibc

/// A buffer over a file: what a parser looks at lies in one piece, whatever pieces were read.
final class ListingText {
    private let file: ListingFile
    private(set) var base: UnsafeMutablePointer<UInt8>
    /// The next byte, as an offset into the buffer.
    var position = 0
    /// The end of what was read.
    private(set) var end = 0
    /// Where the buffer begins in the file.
    private var dropped = 0
    private(set) var hasEnded = false

    static let capacity = 256 << 10

    init(_ file: ListingFile) {
        self.file = file
        base = .allocate(capacity: Self.capacity)
    }

    deinit { base.deallocate() }

    /// The file as messages call it.
    var name: String { file.name }

    /// The offset in the file of the next byte, from 0.
    var offset: Int { dropped + position }

    /// Reads more behind what there is, dropping what lies before `start` and moving the rest to
    /// the front; gives how far it was moved, nil at the end of the file or if the buffer is full.
    func more(keepingFrom start: Int) throws -> Int? {
        if hasEnded { return nil }
        if start > 0 {
            memmove(base, base + start, end - start)
            position -= start
            end -= start
            dropped += start
        }
        guard end < Self.capacity else { return nil }
        let count = try file.read(
            UnsafeMutableRawBufferPointer(start: base + end, count: Self.capacity - end))
        if count == 0 {
            hasEnded = true
            return nil
        }
        end += count
        return start
    }
}
