internal import Glibc
internal import Synchronization

/// A GnuPG home of our own: empty, for nobody else, gone when it is let go.
///
/// The user's keyring, configuration and trust are never touched by what happens in it.
///
/// It is removed when it is let go, and at the latest when the process exits.
final class PrivateHome: Sendable {
    /// The directory. Short: the sockets of gpg's agent must fit into 108 bytes.
    let path: String

    var keyring: Keyring { .directory(path) }

    /// What gpg is told in this home: no questions, no network, no agent of its own, AES-256
    /// whatever a key asks for, no name of the program in what it writes.
    private static let configuration = """
        batch
        no-tty
        no-greeting
        trust-model always
        no-auto-check-trustdb
        no-auto-key-locate
        no-auto-key-retrieve
        disable-dirmngr
        no-autostart
        cipher-algo AES256
        personal-cipher-preferences AES256
        personal-digest-preferences SHA512 SHA256
        compress-algo none
        no-emit-version
        no-comments

        """

    /// Makes a home in the first of these directories in which that is possible.
    init(in directories: [String] = PrivateHome.directories) throws(OpenPGPError) {
        var problem = OpenPGPError.Code.noHome(path: "/tmp", errno: ENOENT)
        for directory in directories where directory.utf8.count <= 60 {
            do {
                path = try Self.make(in: directory)
                Self.living.withLock { $0[path] = "" }
                Self.endsAtExit
                return
            } catch {
                problem = .noHome(path: directory, errno: error.code)
            }
        }
        throw OpenPGPError("prepare gpg", "", problem)
    }

    private struct Refused: Error {
        let code: Int32
    }

    private static func make(in directory: String) throws(Refused) -> String {
        var template = Array("\(directory)/backup-gpg-XXXXXX".utf8CString)
        let isMade = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
        guard isMade else { throw Refused(code: errno) }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let code = write(configuration, to: "\(path)/gpg.conf")
        guard code == 0 else {
            remove(path)
            throw Refused(code: code)
        }
        return path
    }

    private static func write(_ text: String, to path: String) -> Int32 {
        let descriptor = retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let count = retrying { Glibc.write(descriptor, bytes, bytes.count) }
        return count == bytes.count ? 0 : count < 0 ? errno : ENOSPC
    }

    deinit { Self.end(path) }

    /// Lets gpg in this home use the agent that listens at another socket.
    func redirect(to agent: String) throws(OpenPGPError) {
        guard let place = Tool.agentSocket(["--homedir", path]) else {
            throw OpenPGPError("prepare gpg", "", .engine("gpgconf names no socket of an agent"))
        }
        Self.living.withLock { $0[path] = place }
        unlink(place)
        let code = Self.write("%Assuan%\nsocket=\(agent)\n", to: place)
        guard code == 0 else {
            throw OpenPGPError("prepare gpg", "", .noHome(path: place, errno: code))
        }
    }

    /// The homes that have not been removed, each with its redirection.
    private static let living = Mutex<[String: String]>([:])
    private static let endsAtExit: Void = {
        atexit { for path in PrivateHome.living.withLock({ Array($0.keys) }) { end(path) } }
    }()

    private static func end(_ path: String) {
        let redirection = living.withLock { $0.removeValue(forKey: path) }
        // First of all: it must not be the user's agent that is ended.
        if let redirection, !redirection.isEmpty { unlink(redirection) }
        _ = Tool.run(["gpgconf", "--homedir", path, "--kill", "all"])
        _ = Tool.run(["gpgconf", "--homedir", path, "--remove-socketdir"])
        remove(path)
    }

    /// Removes a directory with the files in it and in its directories, following no links.
    private static func remove(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name == "." || name == ".." { continue }
                if unlink("\(path)/\(name)") != 0, errno == EISDIR { remove("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }

    /// Where homes may lie: the user's choice, then directories in memory, then others.
    static var directories: [String] {
        let chosen = ["TMPDIR", "XDG_RUNTIME_DIR"].compactMap { (name: String) -> String? in
            guard let value = getenv(name), value.pointee != 0 else { return nil }
            return String(cString: value)
        }
        return chosen + ["/tmp", "/dev/shm", "/var/tmp"]
    }
}
