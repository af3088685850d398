import Foundation

extension Program {
    /// Runs words on a terminal of their own; answers each text, once it shows, with what is to be
    /// typed then. All that was shown is the output.
    ///
    /// In the `background` the words run in a group that the terminal does not listen to.
    func onTerminal(
        _ words: [String], typing steps: [(seen: String, typed: String)] = [],
        background: Bool = false
    ) async throws -> Command.Outcome {
        let driver = """
            import json, os, pty, sys
            steps = json.loads(sys.argv[1])
            process, terminal = pty.fork()
            if process == 0:
                if sys.argv[2] == "background":
                    process = os.fork()
                    if process > 0:
                        status = os.waitpid(process, 0)[1]
                        os._exit(os.waitstatus_to_exitcode(status))
                    os.setpgid(0, 0)
                os.execv(sys.argv[3], sys.argv[3:])
            shown = b""
            unseen = 0
            while True:
                try:
                    data = os.read(terminal, 65536)
                except OSError:
                    break
                if not data:
                    break
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
                shown += data
                while steps and steps[0][0].encode() in shown[unseen:]:
                    unseen = shown.index(steps[0][0].encode(), unseen) + len(steps[0][0])
                    os.write(terminal, steps.pop(0)[1].encode())
            status = os.waitpid(process, 0)[1]
            code = os.waitstatus_to_exitcode(status)
            sys.exit(code if code >= 0 else 128 - code)
            """
        let typed = try JSONEncoder().encode(steps.map { [$0.seen, $0.typed] })
        return try await run(
            "/usr/bin/python3",
            [
                "-c", driver, String(decoding: typed, as: UTF8.self),
                background ? "background" : "foreground",
            ] + words)
    }
}
