internal import CProcess
internal import Glibc

/// A new file that has its name only once it is complete and on the disk.
///
/// The bytes go to a temporary file beside it, which only the user may read. Nothing is ever
/// written through a link, a pipe or a device. Whoever meets an error lets go of this value, which
/// removes the temporary file; after a `kill -9` a `.backup-restore-…` is left, and no file under
/// the final name that is not whole.
public final class OutputFile {
    private let path: String
    private let name: String
    private let replaces: Bool
    private let directory: Int32
    private let temporary: String
    /// -1 once it is closed.
    private var descriptor: Int32
    /// Whether the temporary name is still taken by what is to be removed.
    private var hasTemporary = false

    /// Begins a file at `path`; a file that stands there is in the way unless it `replaces` it.
    ///
    /// Throws ``OutputError``, also where `path` names anything but a file.
    public init(_ path: String, replaces: Bool) throws(OutputError) {
        self.path = path
        self.replaces = replaces
        let slash = path.lastIndex(of: "/")
        name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard !name.isEmpty, name != ".", name != ".." else {
            throw OutputError(path: path, code: .notAFile)
        }
        directory = retrying { open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard directory >= 0 else { throw OutputError(path: path, code: .system(errno)) }
        let digits = String(UInt64.random(in: .min ... .max), radix: 36)
        temporary = ".backup-restore-\(digits)"
        descriptor = -1
        do throws(OutputError) {
            try checkPlace()
            descriptor = retrying {
                openat(
                    directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0o600)
            }
            guard descriptor >= 0 else { throw OutputError(path: path, code: .system(errno)) }
            hasTemporary = true
        } catch {
            close(directory)
            throw error
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if hasTemporary { remove() }
        close(directory)
    }

    /// The bytes that the file system has left for this user, or nil where it does not say.
    public var freeSpace: Int64? {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return nil }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: bytes)
    }

    /// Appends bytes.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = retrying {
                Glibc.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            }
            guard count >= 0 else { throw failure() }
            rest = rest.dropFirst(count)
        }
    }

    /// Gives the file its name; it is on the disk when this returns.
    ///
    /// Where it throws, what stood under the name stands there again, or nothing: but for a file
    /// that was replaced on a file system that cannot swap two names.
    public func finish() throws(OutputError) {
        guard retrying({ fsync(descriptor) }) == 0 else { throw failure() }
        // Some file systems write when a file is closed, and say here that they could not. A close
        // that was interrupted has closed it.
        let code = close(descriptor)
        descriptor = -1
        guard code == 0 || errno == EINTR else { throw failure() }
        try checkPlace()
        let naming = try takeName()
        // A file system that cannot write directories out says so here.
        guard retrying({ fsync(directory) }) == 0 || errno == EINVAL else {
            let error = failure()
            takeBack(naming)
            throw error
        }
        if naming == .swapped { remove() }
    }

    // MARK: The name

    /// How the file got its name.
    private enum Naming {
        /// Nothing had it.
        case new
        /// The file that had it has the temporary one now.
        case swapped
        /// The file that had it is gone.
        case replaced
    }

    private func takeName() throws(OutputError) -> Naming {
        if retrying({ cprocess_name(directory, temporary, name) }) == 0 { return named(.new) }
        if errno == EEXIST {
            guard replaces else { throw OutputError(path: path, code: .exists) }
            if retrying({ cprocess_swap(directory, temporary, name) }) == 0 { return .swapped }
        }
        // Not every file system knows these ways.
        guard [EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) else { throw failure() }
        guard replaces else { return try takeFreeName() }
        guard retrying({ renameat(directory, temporary, directory, name) }) == 0 else {
            throw failure()
        }
        return named(.replaced)
    }

    /// A link cannot take a name that is taken. Some file systems know no links.
    private func takeFreeName() throws(OutputError) -> Naming {
        if retrying({ linkat(directory, temporary, directory, name, 0) }) == 0 {
            remove()
            return .new
        }
        if errno == EEXIST { throw OutputError(path: path, code: .exists) }
        try checkPlace()
        guard retrying({ renameat(directory, temporary, directory, name) }) == 0 else {
            throw failure()
        }
        return named(.new)
    }

    private func named(_ naming: Naming) -> Naming {
        hasTemporary = false
        return naming
    }

    private func takeBack(_ naming: Naming) {
        switch naming {
        case .new: _ = retrying { unlinkat(directory, name, 0) }
        case .swapped:
            // What cannot be swapped back must not be removed: it is the old file.
            hasTemporary = retrying { cprocess_swap(directory, temporary, name) } == 0
        case .replaced: break
        }
    }

    private func remove() {
        _ = retrying { unlinkat(directory, temporary, 0) }
        hasTemporary = false
    }

    /// What stands at the final name must be nothing, or a file that may be replaced.
    private func checkPlace() throws(OutputError) {
        var status = stat()
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno == ENOENT else { throw failure() }
            return
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw OutputError(path: path, code: .notAFile)
        }
        guard replaces else { throw OutputError(path: path, code: .exists) }
    }

    private func failure() -> OutputError { OutputError(path: path, code: .system(errno)) }
}
