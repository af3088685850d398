internal import Glibc

/// Reads pages of a listing that were saved one after the other, from a file or a pipe.
///
/// Memory is bounded by one page, whatever the length of the stream. A document ends with its
/// closing tag: XML writes `<` in no other way. (A comment or CDATA section that holds such a tag
/// breaks its page into two that do not parse.)
public struct VersionPageStream {
    private let parser: VersionPageParser
    private let read: (UnsafeMutableRawBufferPointer) throws -> Int
    private var buffer: [UInt8]
    private var unread = 0..<0
    private var hasEnded = false
    /// Pages read so far.
    public private(set) var pages = 0

    private static let closingTag = Array("</ListVersionsResult".utf8)
    private static let bufferBytes = 256 << 10

    /// Reads with `read`, which fills a buffer and gives the number of bytes, 0 at the end.
    public init(
        parser: VersionPageParser, read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        self.parser = parser
        self.read = read
        buffer = [UInt8](repeating: 0, count: VersionPageStream.bufferBytes)
    }

    /// The next page; nil at the end of the stream. Throws `ListingProblem`, or what `read` throws.
    public mutating func nextPage() throws -> VersionPage? {
        var hasBegun = false
        while true {
            if !hasBegun {
                try skipWhitespace()
                if unread.isEmpty { return nil }
                hasBegun = true
            }
            if let end = endOfDocument() {
                try feed(until: end)
                pages += 1
                return try parser.finish()
            }
            // What may be the beginning of the closing tag waits for the bytes that follow it.
            let kept = hasEnded ? 0 : min(unread.count, VersionPageStream.longestTag)
            try feed(until: unread.upperBound - kept)
            if hasEnded {
                pages += 1
                return try parser.finish()
            }
            try fill()
        }
    }

    private static let longestTag = closingTag.count + 256

    /// The offset after the closing tag, if all of it is in the buffer. White space may stand
    /// before its `>`.
    private func endOfDocument() -> Int? {
        buffer.withUnsafeBytes { bytes -> Int? in
            guard var end = VersionPageStream.endOfTag(in: bytes, unread) else { return nil }
            while end < unread.upperBound, isWhitespace(bytes[end]) { end += 1 }
            guard end < unread.upperBound, bytes[end] == UInt8(ascii: ">") else { return nil }
            return end + 1
        }
    }

    /// Finds `</ListVersionsResult` by Horspool's algorithm, which looks at one byte in twenty.
    private static func endOfTag(in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        guard let start = bytes.baseAddress else { return nil }
        return steps.withUnsafeBufferPointer { steps in
            let length = closingTag.count
            var last = range.lowerBound + length - 1
            while last < range.upperBound {
                let byte = start.load(fromByteOffset: last, as: UInt8.self)
                let step = steps[Int(byte)]
                if step == 0, memcmp(start + last + 1 - length, closingTag, length) == 0 {
                    return last + 1
                }
                last += max(step, 1)
            }
            return nil
        }
    }

    /// How far a byte lies from the tag's end: where the search goes on after it.
    private static let steps: [Int] = {
        var steps = [Int](repeating: closingTag.count, count: 256)
        for (index, byte) in closingTag.enumerated() {
            steps[Int(byte)] = closingTag.count - 1 - index
        }
        return steps
    }()

    private mutating func skipWhitespace() throws {
        while true {
            while !unread.isEmpty, isWhitespace(buffer[unread.lowerBound]) {
                unread = unread.lowerBound + 1..<unread.upperBound
            }
            if !unread.isEmpty || hasEnded { return }
            try fill()
        }
    }

    private mutating func feed(until end: Int) throws {
        let piece = unread.lowerBound..<end
        unread = end..<unread.upperBound
        do {
            try buffer.withUnsafeBytes {
                try parser.feed(UnsafeRawBufferPointer(rebasing: $0[piece]))
            }
        } catch {
            parser.reset()
            throw error
        }
    }

    /// Moves what is left to the front and reads more behind it.
    private mutating func fill() throws {
        if unread.lowerBound > 0 {
            let kept = unread
            buffer.withUnsafeMutableBytes { bytes in
                let start = bytes.baseAddress.unsafelyUnwrapped
                _ = memmove(start, start + kept.lowerBound, kept.count)
            }
            unread = 0..<kept.count
        }
        let free = unread.upperBound..<buffer.count
        let count = try buffer.withUnsafeMutableBytes {
            try read(UnsafeMutableRawBufferPointer(rebasing: $0[free]))
        }
        if count <= 0 {
            hasEnded = true
        } else {
            unread = unread.lowerBound..<unread.upperBound + count
        }
    }
}
