internal import CProcess
internal import Glibc

/// Runs a program of GnuPG whose output is not data, such as gpgconf.
enum Tool {
    /// Runs it with nothing but standard streams and returns its standard output; nil when it
    /// cannot be started or does not exit with 0.
    static func run(_ arguments: [String]) -> [UInt8]? {
        var pipes: [Int32] = [-1, -1]
        guard cprocess_pipe(&pipes) == 0 else { return nil }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // The agent that gpgconf may start must not hold descriptors of ours.
        _ = cprocess_close_from(&actions, 3)
        var pointers = arguments.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        var process = pid_t()
        let code = posix_spawnp(&process, arguments[0], &actions, nil, pointers, environ)
        close(pipes[1])
        guard code == 0 else {
            close(pipes[0])
            return nil
        }
        let output = readAll(pipes[0])
        close(pipes[0])
        var status: Int32 = 0
        guard retrying({ waitpid(process, &status, 0) }) == process, status == 0 else {
            return nil
        }
        return output
    }

    /// Where the agent of a home listens, as gpgconf knows it; `home` are its arguments for it.
    static func agentSocket(_ home: [String]) -> String? {
        guard let output = run(["gpgconf"] + home + ["--list-dirs", "agent-socket"]) else {
            return nil
        }
        // Percent-escaped where it holds a colon, a percent sign or a control character.
        let line = output.prefix { $0 != 10 }
        return line.isEmpty || line.contains(UInt8(ascii: "%"))
            ? nil : String(decoding: line, as: UTF8.self)
    }

    private static func readAll(_ descriptor: Int32) -> [UInt8] {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while output.count < 1 << 20 {
            let count = retrying { read(descriptor, &buffer, buffer.count) }
            guard count > 0 else { break }
            output += buffer[..<count]
        }
        return output
    }
}
