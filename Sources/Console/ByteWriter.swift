import Glibc

/// Output could not be written.
public struct WriteError: Error, Equatable {
    /// What was written to, as the user named it.
    public let path: String
    /// The system's error number.
    public let code: Int32

    /// An error of this number at this path.
    public init(path: String, code: Int32) {
        self.path = path
        self.code = code
    }

    /// The system's words for it.
    public var reason: String { String(cString: strerror(code)) }
}

/// A buffered output: standard output, or a file that appears under its name only when complete.
public final class ByteWriter {
    private let path: String
    private let descriptor: Int32
    private var temporary: String?
    private var buffer: [UInt8] = []
    private var isClosed = false
    private static let limit = 1 << 16

    private init(path: String, descriptor: Int32, temporary: String?) {
        self.path = path
        self.descriptor = descriptor
        self.temporary = temporary
        buffer.reserveCapacity(Self.limit + 4096)
    }

    /// Standard output.
    public static func standardOutput() -> ByteWriter {
        ByteWriter(path: "standard output", descriptor: 1, temporary: nil)
    }

    /// Standard error.
    public static func standardError() -> ByteWriter {
        ByteWriter(path: "standard error", descriptor: 2, temporary: nil)
    }

    /// Writes a text to standard output, all of it or an error: what `print` cannot write is lost
    /// without a word.
    public static func print(_ text: String) throws(WriteError) {
        let output = standardOutput()
        try output.write(text)
        try output.finish()
    }

    /// A new file that replaces what stands at `path` only at ``finish()``.
    ///
    /// The bytes go to a temporary file beside it (mode 0600), so that a reader sees the old file
    /// or the whole new one. What is no regular file (a device, a pipe) is never replaced: it is
    /// written to as it is.
    public static func file(_ path: String) throws(WriteError) -> ByteWriter {
        if let special = try writerOfSpecialFile(path) { return special }
        var template = Array((path + ".XXXXXX").utf8CString)
        let descriptor = template.withUnsafeMutableBufferPointer {
            mkstemp($0.baseAddress!)
        }
        guard descriptor >= 0 else { throw WriteError(path: path, code: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let name = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return ByteWriter(path: path, descriptor: descriptor, temporary: name)
    }

    /// What writes to a device or a pipe at `path`; nil where there is a regular file or nothing.
    private static func writerOfSpecialFile(_ path: String) throws(WriteError) -> ByteWriter? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return nil }
        let descriptor = retrying { open(path, O_WRONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw WriteError(path: path, code: errno) }
        return ByteWriter(path: path, descriptor: descriptor, temporary: nil)
    }

    /// What is added at the end of a file that stands already.
    public static func appending(to path: String) throws(WriteError) -> ByteWriter {
        let descriptor = retrying { open(path, O_WRONLY | O_APPEND | O_CLOEXEC) }
        guard descriptor >= 0 else { throw WriteError(path: path, code: errno) }
        return ByteWriter(path: path, descriptor: descriptor, temporary: nil)
    }

    deinit {
        if descriptor > 2, temporary == nil, !isClosed { close(descriptor) }
        if let temporary {
            close(descriptor)
            _ = retrying { unlink(temporary) }
        }
    }

    /// Whether nothing was written yet.
    public private(set) var isUntouched = true

    /// Appends bytes.
    public func write(_ bytes: some Collection<UInt8>) throws(WriteError) {
        isUntouched = false
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.limit { try flush() }
    }

    /// Appends a text.
    public func write(_ text: String) throws(WriteError) { try write(text.utf8) }

    /// Hands everything to the system.
    public func flush() throws(WriteError) {
        var start = 0
        while start < buffer.count {
            let written = buffer.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + start, $0.count - start)
            }
            if written >= 0 {
                start += written
            } else if errno != EINTR {
                throw WriteError(path: path, code: errno)
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Ends the output; a file is on the disk and has its name when this returns.
    public func finish() throws(WriteError) {
        try flush()
        guard let temporary else { return }
        guard retrying({ fsync(descriptor) }) == 0, retrying({ rename(temporary, path) }) == 0
        else {
            throw WriteError(path: path, code: errno)
        }
        self.temporary = nil
        isClosed = true
        close(descriptor)
    }
}
