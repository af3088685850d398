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
        guard pipe(&ends) == 0 else { throw Failure(message: "has no pipe") }
        // Only the copy that becomes the child's standard output may outlive its start.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let process: pid_t
        do {
            defer { close(ends[1]) }
            process = try start(words, environment, output: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
        defer { close(ends[0]) }
        let result = Swift.Result { () throws(Failure) in
            try read(ends[0], limit: limit, timeoutSeconds: timeoutSeconds)
        }
        if case .failure = result { kill(process, SIGKILL) }
        let status = wait(process)
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
        let arguments = words.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var process = pid_t()
        let code = posix_spawnp(&process, words[0], &actions, nil, arguments, variables)
        guard code == 0 else {
            throw Failure(message: "cannot be started: \(String(cString: strerror(code)))")
        }
        return process
    }

    private static func read(
        _ descriptor: Int32, limit: Int, timeoutSeconds: Int
    ) throws(Failure) -> Secret {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit + 1, alignment: 1)
        defer {
            wipe(buffer)
            buffer.deallocate()
        }
        var count = 0
        let clock = ContinuousClock()
        let end = clock.now + .seconds(timeoutSeconds)
        while count <= limit {
            let left = (end - clock.now).components
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
            let ready = milliseconds <= 0 ? 0 : poll(&wanted, 1, Int32(milliseconds))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else {
                throw Failure(message: "did not end within \(timeoutSeconds) s")
            }
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

    private static func wait(_ process: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status
    }
}
