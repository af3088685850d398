internal import Console
internal import Glibc

/// Where the bytes of a file come from, before anything is unpacked.
protocol ListingInput: AnyObject {
    /// Fills `buffer` as far as there are bytes; 0 at the end.
    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// An open file.
final class OpenFile: ListingInput {
    private let path: String
    private let descriptor: Int32

    init(path: String) throws {
        self.path = path == "-" ? "standard input" : path
        descriptor = path == "-" ? 0 : retrying { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw ListingPaths.unreadable(path) }
    }

    deinit { if descriptor > 0 { close(descriptor) } }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw ListingPaths.unreadable(path) }
        }
    }
}

/// Bytes in memory, then those of another input.
final class BufferedInput: ListingInput {
    private let bytes: [UInt8]
    private var position = 0
    private let rest: (any ListingInput)?

    init(_ bytes: [UInt8], then rest: (any ListingInput)? = nil) {
        self.bytes = bytes
        self.rest = rest
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(buffer.count, bytes.count - position)
        if count == 0 { return try rest?.read(buffer) ?? 0 }
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

/// Hands on what it reads and keeps it.
final class RecordingInput: ListingInput {
    private let input: any ListingInput
    /// What was read.
    private(set) var bytes: [UInt8] = []

    init(_ input: any ListingInput) { self.input = input }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try input.read(buffer)
        bytes.append(contentsOf: buffer[..<count])
        return count
    }
}
