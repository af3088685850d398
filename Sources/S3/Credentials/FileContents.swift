internal import Glibc

/// A small file, read whole; its bytes are kept as a secret.
struct FileContents {
    let path: String
    let bytes: Secret
    /// The permission bits, and whether it is a regular file at all.
    let mode: UInt32
    let isRegular: Bool

    /// No configuration is larger; a device that never ends must not fill the memory.
    static let limit = 1 << 20

    /// Nil if there is no such file. Throws if it cannot be read or is larger than 1 MiB.
    static func read(_ path: String) throws(ConfigurationError) -> FileContents? {
        var descriptor: Int32
        repeat {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
        } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure(path, errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR else { throw failure(path, EISDIR) }
        let bytes = try Secret(reading: descriptor, limit: limit, path: path)
        return FileContents(
            path: path, bytes: bytes, mode: UInt32(status.st_mode & 0o7777),
            isRegular: kind == S_IFREG)
    }

    static func failure(_ path: String, _ code: Int32) -> ConfigurationError {
        ConfigurationError(
            subject: path, message: "cannot be read: \(String(cString: strerror(code)))")
    }
}

extension Secret {
    /// Everything up to the end of the file. The buffer in between is wiped.
    fileprivate init(reading descriptor: Int32, limit: Int, path: String) throws(ConfigurationError)
    {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit + 1, alignment: 1)
        var count = 0
        defer {
            wipe(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            buffer.deallocate()
        }
        while count <= limit {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let got = Glibc.read(descriptor, room.baseAddress, room.count)
            if got < 0, errno == EINTR { continue }
            if got < 0 { throw FileContents.failure(path, errno) }
            if got == 0 { break }
            count += got
        }
        guard count <= limit else {
            throw ConfigurationError(subject: path, message: "the file is larger than 1 MiB")
        }
        self.init(buffer[..<count])
    }
}
