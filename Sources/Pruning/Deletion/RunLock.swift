public import Console
internal import Glibc

/// Keeps two runs that delete in one bucket apart: a lock file that is held as long as this value.
///
/// The lock is the kernel's (`flock`), so that it ends with the process however that ends; the
/// file stays and names the last holder.
public final class RunLock {
    private let descriptor: Int32

    /// Takes the lock of a bucket in the folder `$XDG_STATE_HOME/s3prune`, else
    /// `~/.local/state/s3prune`.
    ///
    /// Throws a ``Failure`` that names the holder, or why there is no lock to be had.
    public init(bucket: String, process: Int32, environment: [String: String]) throws(Failure) {
        let folder = try Self.folder(environment)
        try Self.makeFolders(folder)
        let path = folder + "/" + bucket + ".lock"
        descriptor = retrying {
            open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        guard descriptor >= 0 else { throw Self.unusable(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let failure =
                isHeld ? Self.held(bucket, path, Self.holder(descriptor)) : Self.unusable(path)
            close(descriptor)
            throw failure
        }
        let text = Array("\(process)\n".utf8)
        _ = retrying { ftruncate(descriptor, 0) }
        _ = retrying { pwrite(descriptor, text, text.count, 0) }
    }

    deinit { close(descriptor) }

    private static func folder(_ environment: [String: String]) throws(Failure) -> String {
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return state + "/s3prune"
        }
        if let home = environment["HOME"], !home.isEmpty { return home + "/.local/state/s3prune" }
        throw Failure(
            .refused, "there is no place for the lock file that keeps two runs apart",
            hint: "set XDG_STATE_HOME to a directory that stays")
    }

    private static func makeFolders(_ path: String) throws(Failure) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            guard mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EROFS else {
                throw unusable(made)
            }
        }
    }

    private static func holder(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = retrying { pread(descriptor, &bytes, bytes.count, 0) }
        guard count > 0 else { return nil }
        let text = bytes[..<count].prefix { $0 >= 0x30 && $0 <= 0x39 }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    private static func held(_ bucket: String, _ path: String, _ holder: String?) -> Failure {
        let process = holder.map { " (process \($0))" } ?? ""
        return Failure(
            .refused, "another s3prune deletes in bucket \(bucket)\(process)",
            hint: "wait for its end; the lock file is \(PrintableText.escape(path))")
    }

    private static func unusable(_ path: String) -> Failure {
        Failure(
            .refused,
            "the lock file cannot be made: \(PrintableText.escape(path)): "
                + String(cString: strerror(errno)),
            hint: "set XDG_STATE_HOME to a directory that can be written")
    }
}
