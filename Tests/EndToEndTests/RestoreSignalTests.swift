import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("backup restore that is interrupted")
    struct RestoreSignalTests {
        typealias Version = OneObjectServer.Version
        typealias Place = RestoreTests.Place

        /// Starts a restore, waits until its temporary file is there, and sends a signal.
        private func interrupted(by signal: String, _ place: Place) async throws -> Command.Outcome
        {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer(
                [Version(content: try await RestoreTests.message(pair))],
                course: { _ in .stallWithin(after: 100_000) })
            let script = """
                import os, signal, subprocess, sys, time
                # The threads that the tests start programs from have signals blocked.
                signal.pthread_sigmask(signal.SIG_SETMASK, [])
                process = subprocess.Popen([sys.argv[1], "restore", sys.argv[2], "-o", sys.argv[3]])
                directory = os.path.dirname(sys.argv[3])
                while not os.listdir(directory) and process.poll() is None: time.sleep(0.01)
                process.send_signal(getattr(signal, sys.argv[4]))
                code = process.wait()
                sys.exit(code if code >= 0 else 128 - code)
                """
            return try await server.program(pair).run(
                "/usr/bin/python3",
                [
                    "-c", script, "\(Places.products)/backup", OneObjectServer.url, place.file,
                    signal,
                ])
        }

        @Test(
            "a signal removes the temporary file", arguments: [("SIGINT", 130), ("SIGTERM", 143)])
        func signals(signal: String, status: Int32) async throws {
            let place = try Place()
            let outcome = try await interrupted(by: signal, place)
            #expect(outcome.status == status)
            #expect(outcome.errorText.contains("interrupted; nothing was restored"))
            #expect(try place.names.isEmpty)
        }

        @Test("after a kill -9 there is no file under the final name")
        func killed() async throws {
            let place = try Place()
            #expect(try await interrupted(by: "SIGKILL", place).status == 137)
            #expect(try place.names.allSatisfy { $0.hasPrefix(".backup-restore-") })
        }
    }
}
