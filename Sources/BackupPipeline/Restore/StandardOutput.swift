internal import Glibc
public import S3

/// Standard output as the place of a restored backup.
///
/// Whoever reads it may stop reading without closing it: every wait for room ends when `stop` is
/// cancelled.
public final class StandardOutput {
    private let stop: Cancellation
    private let descriptor: Int32
    /// The most bytes of one write.
    private let most: Int
    private static let path = "standard output"

    /// Descriptor 1 of this process.
    ///
    /// It may be shared with programs that expect it to block, so it is not made non-blocking; a
    /// pipe is opened once more instead. Where that is not possible, writes are as small as the
    /// room that a pipe has when it has any.
    public init(stop: Cancellation) {
        self.stop = stop
        var status = stat()
        guard fstat(1, &status) == 0, status.st_mode & S_IFMT != S_IFREG else {
            (descriptor, most) = (1, .max)
            return
        }
        let again =
            status.st_mode & S_IFMT == S_IFIFO
            ? retrying { open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC) } : -1
        (descriptor, most) = again >= 0 ? (again, .max) : (1, 4096)
    }

    deinit { if descriptor != 1 { close(descriptor) } }

    /// Writes bytes.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if most < .max { try wait() }
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(most))
            let count = retrying { Glibc.write(descriptor, part.baseAddress, part.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                try wait()
            } else {
                throw failure()
            }
        }
    }

    /// Makes sure that what was written is on the disk, where it is a file.
    public func finish() throws(OutputError) {
        guard retrying({ fsync(1) }) == 0 || errno == EINVAL || errno == EROFS else {
            throw failure()
        }
    }

    /// Waits until there is room.
    private func wait() throws(OutputError) {
        var watched = [
            pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = retrying { poll(&watched, 2, -1) }
        if watched[1].revents != 0 { throw OutputError(path: Self.path, code: .cancelled) }
    }

    private func failure() -> OutputError { OutputError(path: Self.path, code: .system(errno)) }
}
