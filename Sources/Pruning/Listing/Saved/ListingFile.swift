internal import Gzip

/// One file of a saved listing, read from its beginning to its end; gzip is unpacked on the way.
final class ListingFile {
    /// The file as messages call it.
    let name: String
    private let input: any ListingInput
    private var unpacking: Unpacking?
    private var hasBegun = false
    /// Bytes that were read and not handed out.
    private var waiting: [UInt8] = []
    private var handedOut = 0

    /// A file whose bytes, packed or not, come from `input`.
    init(name: String, input: any ListingInput) {
        self.name = name
        self.input = input
    }

    /// Opens a file; `-` is standard input.
    convenience init(path: String) throws {
        self.init(
            name: path == "-" ? "standard input" : path, input: try OpenFile(path: path))
    }

    /// Fills `buffer` as far as there are bytes; 0 at the end of the file.
    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if !hasBegun { try begin() }
        while handedOut == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            handedOut = 0
            guard let unpacking else { return try input.read(buffer) }
            do {
                if try !unpacking.more(from: input, into: &waiting) { return 0 }
            } catch let error as CompressionError {
                throw ListingError(
                    "\(error)", place: name, hint: "it is damaged or cut: save it again")
            }
        }
        let count = min(buffer.count, waiting.count - handedOut)
        waiting.withUnsafeBytes {
            buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: $0[handedOut..<handedOut + count]))
        }
        handedOut += count
        return count
    }

    /// The next bytes: `count` of them, fewer only at the end.
    func read(count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = try bytes.withUnsafeMutableBytes {
                try read(UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
            }
            if got == 0 { break }
            filled += got
        }
        bytes.removeSubrange(filled...)
        return bytes
    }

    /// Looks at the first two bytes: gzip begins with 1F 8B (RFC 1952).
    private func begin() throws {
        hasBegun = true
        var first = [UInt8](repeating: 0, count: 2)
        var filled = 0
        while filled < 2 {
            let got = try first.withUnsafeMutableBytes {
                try input.read(UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
            }
            if got == 0 { break }
            filled += got
        }
        first.removeSubrange(filled...)
        if first == [0x1F, 0x8B] {
            unpacking = try Unpacking(first: first)
        } else {
            waiting = first
        }
    }
}

/// Unpacks gzip a little at a time: 4 KiB of it are at most 4 MiB of text.
private final class Unpacking {
    private let decompressor: GzipDecompressor
    private let output: Output
    private var slice: [UInt8]
    private var filled: Int
    private var hasEnded = false

    private final class Output { var bytes: [UInt8] = [] }

    init(first: [UInt8]) throws {
        let output = Output()
        self.output = output
        decompressor = try GzipDecompressor(threads: 1) { output.bytes.append(contentsOf: $0) }
        slice = [UInt8](repeating: 0, count: 4 << 10)
        filled = first.count
        slice.replaceSubrange(0..<first.count, with: first)
    }

    /// Appends what the next bytes of the input become; false at the intact end of the stream.
    func more(from input: any ListingInput, into bytes: inout [UInt8]) throws -> Bool {
        if hasEnded { return false }
        let got = try slice.withUnsafeMutableBytes {
            try input.read(UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
        }
        try slice.withUnsafeBytes {
            try decompressor.write(UnsafeRawBufferPointer(rebasing: $0[..<(filled + got)]))
        }
        filled = 0
        if got == 0 {
            hasEnded = true
            _ = try decompressor.finish()
        }
        swap(&bytes, &output.bytes)
        output.bytes.removeAll(keepingCapacity: true)
        return true
    }
}
