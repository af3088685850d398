internal import Glibc

/// Bytes that are appended once and read back later, in memory up to a limit and in a temporary
/// file beyond it.
///
/// The file has no name (it is unlinked at once), so that nothing is left behind however the
/// program ends.
public final class SpillBuffer {
    private let memoryLimit: Int
    private var memory: [UInt8] = []
    private var file: Int32?
    private var fileBytes = 0

    /// The number of bytes appended so far.
    public var count: Int { fileBytes + memory.count }

    /// Whether a part is in a temporary file.
    public var isSpilled: Bool { file != nil }

    /// An empty buffer that keeps at most about this many bytes in memory.
    public init(memoryLimit: Int) { self.memoryLimit = memoryLimit }

    deinit { if let file { close(file) } }

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
        var done = 0
        while done < count {
            let got = result.withUnsafeMutableBytes {
                pread(file, $0.baseAddress! + done, count - done, off_t(offset + done))
            }
            if got > 0 {
                done += got
            } else if got == 0 || errno != EINTR {
                throw SpillError(code: got == 0 ? EIO : errno)
            }
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
        if let file { close(file) }
        file = nil
        fileBytes = 0
    }

    private func spill() throws(SpillError) {
        let descriptor: Int32
        if let file { descriptor = file } else { descriptor = try Self.temporaryFile() }
        file = descriptor
        var start = 0
        while start < memory.count {
            let written = memory.withUnsafeBytes {
                pwrite(
                    descriptor, $0.baseAddress! + start, $0.count - start,
                    off_t(fileBytes + start))
            }
            if written >= 0 {
                start += written
            } else if errno != EINTR {
                throw SpillError(code: errno)
            }
        }
        fileBytes += memory.count
        memory.removeAll(keepingCapacity: true)
    }

    private static func temporaryFile() throws(SpillError) -> Int32 {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((folder + "/s3prune.XXXXXX").utf8CString)
        let descriptor = template.withUnsafeMutableBufferPointer { mkstemp($0.baseAddress!) }
        guard descriptor >= 0 else { throw SpillError(code: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = template.withUnsafeBufferPointer { unlink($0.baseAddress!) }
        return descriptor
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
