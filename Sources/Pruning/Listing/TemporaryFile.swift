internal import Glibc

/// A file without a name (it is unlinked at once), so that nothing is left behind however the
/// program ends. It lies in `$TMPDIR`, else in `/tmp`.
final class TemporaryFile {
    private let descriptor: Int32
    /// The number of bytes written.
    private(set) var count = 0

    init() throws(SpillError) {
        let folder = Self.folder(getenv("TMPDIR").map { String(cString: $0) })
        var template = Array((folder + "/s3prune.XXXXXX").utf8CString)
        descriptor = template.withUnsafeMutableBufferPointer { mkstemp($0.baseAddress!) }
        guard descriptor >= 0 else { throw SpillError(code: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = template.withUnsafeBufferPointer { unlink($0.baseAddress!) }
    }

    /// Where it lies: in the folder that `$TMPDIR` names; set but empty it names none.
    static func folder(_ chosen: String?) -> String {
        guard let chosen, !chosen.isEmpty else { return "/tmp" }
        return chosen
    }

    deinit { close(descriptor) }

    /// Writes bytes at the end.
    func append(_ bytes: UnsafeRawBufferPointer) throws(SpillError) {
        var start = 0
        while start < bytes.count {
            let written = pwrite(
                descriptor, bytes.baseAddress! + start, bytes.count - start, off_t(count + start))
            if written >= 0 {
                start += written
            } else if errno != EINTR {
                throw SpillError(code: errno)
            }
        }
        count += bytes.count
    }

    /// Fills `buffer` with the bytes from `offset` on, all of which must have been written.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(SpillError) {
        var done = 0
        while done < buffer.count {
            let got = pread(
                descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if got > 0 {
                done += got
            } else if got == 0 || errno != EINTR {
                throw SpillError(code: got == 0 ? EIO : errno)
            }
        }
    }
}

/// A temporary file could not be made, written or read.
public struct SpillError: Error, CustomStringConvertible {
    /// The system's error number.
    public let code: Int32

    /// What happened and where temporary files go.
    public var description: String {
        "the temporary file failed: \(String(cString: strerror(code))) (it goes to $TMPDIR or /tmp)"
    }
}
