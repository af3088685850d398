internal import CProcess
internal import Glibc

/// One run of another program whose standard output is wanted.
enum ChildProcess {
    /// What went wrong, as the end of a sentence that begins with the program's name.
    struct Failure: Error {
        let message: String
    }

    /// Runs `words` (found through `PATH`) and returns its standard output.
    ///
    /// Throws if it cannot be started, prints more than `limit` bytes, takes longer than
    /// `timeoutSeconds` (it is killed) or does not exit with 0.
    static func output(
        of words: [String], environment: [String: String], limit: Int, timeoutSeconds: Int
    ) throws(Failure) -> Secret {
        var ends: [Int32] = [-1, -1]
        // Only the copy that becomes the child's standard output may outlive its start, and no
        // child of another thread may hold the pipe open.
        guard cprocess_pipe(&ends) == 0 else { throw Failure(message: "has no pipe") }
        let process: pid_t
        do {
            defer { close(ends[1]) }
            process = try start(words, environment, output: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
        defer { close(ends[0]) }
        let end = ContinuousClock.now + .seconds(timeoutSeconds)
        let late = Failure(message: "did not end within \(timeoutSeconds) s")
        let result = Swift.Result { () throws(Failure) in
            try read(ends[0], limit: limit, until: end, late: late)
        }
        if case .failure = result { kill(process, SIGKILL) }
        let status = try wait(process, until: end, late: late)
        let output = try result.get()
        if status & 0x7f != 0 { throw Failure(message: "was ended by signal \(status & 0x7f)") }
        guard status >> 8 & 0xff == 0 else {
            throw Failure(message: "failed with exit status \(status >> 8 & 0xff)")
        }
        return output
    }

    private static func start(
        _ words: [String], _ environment: [String: String], output: Int32
    ) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        // This program may ignore or block signals that the child must hear.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let arguments = words.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var process = pid_t()
        let code = posix_spawnp(&process, words[0], &actions, &attributes, arguments, variables)
        guard code == 0 else {
            throw Failure(message: "cannot be started: \(String(cString: strerror(code)))")
        }
        return process
    }

    private static func read(
        _ descriptor: Int32, limit: Int, until end: ContinuousClock.Instant, late: Failure
    ) throws(Failure) -> Secret {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit + 1, alignment: 1)
        defer {
            wipe(buffer)
            buffer.deallocate()
        }
        var count = 0
        while count <= limit {
            let left = (end - .now).components
            let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = milliseconds <= 0 ? 0 : poll(&wanted, 1, Int32(milliseconds))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { throw late }
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let got = Glibc.read(descriptor, room.baseAddress, room.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Failure(message: "cannot be read from") }
            if got == 0 { break }
            count += got
        }
        guard count <= limit else { throw Failure(message: "printed more than \(limit) bytes") }
        return Secret(buffer[..<count])
    }

    /// The status of the process, which may live on after it closed its output; it is killed when
    /// its time is over.
    private static func wait(
        _ process: pid_t, until end: ContinuousClock.Instant, late: Failure
    ) throws(Failure) -> Int32 {
        var status: Int32 = 0
        while true {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { return status }
            guard ended == 0 || errno == EINTR else { throw Failure(message: "has no status") }
            if ContinuousClock.now >= end {
                kill(process, SIGKILL)
                while waitpid(process, &status, 0) < 0, errno == EINTR {}
                throw late
            }
            usleep(2000)
        }
    }
}
