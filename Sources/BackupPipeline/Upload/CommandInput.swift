internal import CProcess
internal import Glibc
public import S3

/// The standard output of a command that is run for the upload, in a process group of its own.
///
/// A command that asks for a password at the terminal gets the terminal for as long as it is
/// silent. Its input is empty, its standard error is ours. It counts as whole only if the command exits
/// with status 0 and its output has ended.
public final class CommandInput: Input {
    private let name: String
    private let halt: Cancellation
    private let haste: Cancellation?
    private let stallSeconds: Int?
    private let graceSeconds: Int
    private let output: Int32
    private let waiter: Waiter
    private var status: Int32?

    /// Starts the command; the first word is looked up in PATH.
    ///
    /// `halt` ends the waiting for its output; `haste` the time that it is given to end by itself
    /// when it is abandoned. `graceSeconds` is how long its output may stay open and silent after
    /// its end. The environment is the process's own. Throws where it cannot be started.
    public init(
        _ words: [String], halt: Cancellation, haste: Cancellation? = nil,
        stallSeconds: Int? = nil, graceSeconds: Int = 10
    ) throws {
        name = words[0]
        self.halt = halt
        self.haste = haste
        self.stallSeconds = stallSeconds
        self.graceSeconds = graceSeconds
        (output, waiter) = try Self.start(words)
    }

    deinit { close(output) }

    /// Reads the next bytes of its output; 0 where that has ended.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            switch try awaitReadable(
                input: output, status: status == nil ? waiter.ended : -1, halt: halt.descriptor,
                milliseconds: patience)
            {
            case .halted: throw failure(.halted)
            case .input:
                let count = try readSome(output, into: buffer, subject: name)
                if count > 0 { waiter.takeTerminalBack() }
                return count
            case .status: status = waiter.status
            case .timeout:
                throw failure(status == nil ? .stalled(seconds: stallSeconds ?? 0) : .keptOpen)
            }
        }
    }

    /// Waits for the command's end and throws unless its status is 0.
    public func confirmEnd() throws {
        while status == nil {
            switch try awaitReadable(
                input: -1, status: waiter.ended, halt: halt.descriptor, milliseconds: patience)
            {
            case .halted: throw failure(.halted)
            case .timeout: throw failure(.stalled(seconds: stallSeconds ?? 0))
            default: status = waiter.status
            }
        }
        let status = status ?? 0
        let signal = status & 0x7f
        if waiter.wasRefusedTerminal { throw failure(.wantsTerminal) }
        if signal == SIGINT, waiter.hasTerminal { throw failure(.interrupted) }
        if signal != 0 { throw failure(.killed(signal: signal)) }
        let code = (status >> 8) & 0xff
        if code != 0 { throw failure(.exited(code)) }
    }

    /// Ends the command's process group: SIGTERM, and SIGKILL where that is not enough.
    public func abandon() {
        guard kill(-waiter.process, SIGTERM) == 0 else { return }
        if !waiter.waits(milliseconds: 2000, orUntil: haste) {
            kill(-waiter.process, SIGKILL)
            _ = waiter.waits(milliseconds: 2000)
        }
        // The others of the group have had as long as the command itself.
        kill(-waiter.process, SIGKILL)
    }

    private var patience: Int32? {
        let seconds = status == nil ? stallSeconds : graceSeconds
        return seconds.map { Int32(clamping: $0 * 1000) }
    }

    private func failure(_ code: InputError.Code) -> InputError {
        InputError(subject: name, code: code)
    }

    private static func start(_ words: [String]) throws -> (Int32, Waiter) {
        func failed(_ call: String) -> InputError {
            InputError(subject: words[0], code: .system(call, errno: errno))
        }
        var ends: [Int32] = [-1, -1]
        guard closingPipe(&ends) else { throw failed("pipe") }
        defer { close(ends[1]) }
        // A larger pipe means fewer changes between the two programs; the system may refuse.
        _ = fcntl(ends[0], 1031 /* F_SETPIPE_SZ */, 1 << 20)
        var process = pid_t()
        let code = spawn(words, output: ends[1], &process)
        guard code == 0 else {
            close(ends[0])
            throw InputError(subject: words[0], code: .notStarted(errno: code))
        }
        guard let waiter = Waiter(process: process) else {
            kill(-process, SIGKILL)
            close(ends[0])
            throw failed("pthread_create")
        }
        return (ends[0], waiter)
    }

    private static func spawn(
        _ words: [String], output: Int32, _ process: inout pid_t
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        // Whatever else is open here: gpg waits for the end of a pipe that others hold open, too.
        _ = cprocess_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own, and SIGPIPE as programs expect it: this program ignores it.
        var usual = sigset_t()
        sigemptyset(&usual)
        sigaddset(&usual, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        return posix_spawnp(&process, words[0], &actions, &attributes, &arguments, environ)
    }
}
