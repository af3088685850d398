import Foundation

/// A program, its arguments and the whole of its environment; `run` waits for its end.
struct Command: Sendable {
    var program: String
    var arguments: [String] = []
    var environment: [String: String] = [:]
    /// The file its standard input is read from.
    var input = "/dev/null"
    /// Told the process's number once it runs.
    var onStart: @Sendable (pid_t) -> Void = { _ in }

    /// What a program left behind.
    struct Outcome: Sendable {
        /// The exit code, or 128 and the number of the signal that ended it.
        var status: Int32
        var output: [UInt8]
        var errors: [UInt8]

        var text: String { String(decoding: output, as: UTF8.self) }
        var errorText: String { String(decoding: errors, as: UTF8.self) }
        /// The lines of the output, without their ends.
        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: true) }
    }

    /// Whether limits on memory and files are the programs' alone: a sanitizer, which `SANITIZER`
    /// names, takes of both.
    static let isUnsanitized = ProcessInfo.processInfo.environment["SANITIZER"] == nil

    /// As many programs run at once; waiting for them takes no thread from the tests.
    private static let queue: OperationQueue = {
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 4
        return queue
    }()

    /// Starts the program and waits for its end.
    func run() async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            Self.queue.addOperation { continuation.resume(with: Result { try runBlocking() }) }
        }
    }

    /// Its output goes through files, so that no pipe can fill up.
    private func runBlocking() throws -> Outcome {
        let scratch = try Scratch()
        let (out, err) = (scratch.path("out"), scratch.path("err"))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

        // A thread of a queue has its signals blocked, and a child inherits that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let words = CStrings([program] + arguments)
        let settings = CStrings(environment.map { "\($0.key)=\($0.value)" })
        var process = pid_t()
        let failure = posix_spawnp(
            &process, program, &actions, &attributes, words.pointers, settings.pointers)
        guard failure == 0 else { throw CannotRun(program: program, errno: failure) }
        onStart(process)

        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1 && errno == EINTR {}
        let signal = status & 0x7f
        return Outcome(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            output: try scratch.read("out"), errors: try scratch.read("err"))
    }

    /// Also the most memory it held at once, in KiB.
    ///
    /// The kernel counts what the process held before it became the program, too: a copy of whoever
    /// started it. So a Python of 10 MiB starts it, and not the tests.
    func runMeasured() async throws -> (outcome: Outcome, peakKiB: Int) {
        let starter = """
            import resource, subprocess, sys
            status = subprocess.run(sys.argv[2:]).returncode
            with open(sys.argv[1], "w") as peak:
                print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=peak)
            sys.exit(status if status >= 0 else 128 - status)
            """
        let scratch = try Scratch()
        var measured = self
        measured.program = "/usr/bin/python3"
        measured.arguments = ["-c", starter, scratch.path("peak"), program] + arguments
        let outcome = try await measured.run()
        let peak = String(decoding: try scratch.read("peak"), as: UTF8.self)
        return (outcome, Int(peak.dropLast()) ?? .max)
    }

    /// A program that could not even be started.
    struct CannotRun: Error {
        var program: String
        var errno: Int32
    }
}

/// A null-terminated array of C strings, alive as long as this is.
private final class CStrings {
    var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) {
        pointers = strings.map { strdup($0) } + [nil]
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}
