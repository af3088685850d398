import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("backup restore to standard output")
    struct RestoreStreamTests {
        typealias Version = OneObjectServer.Version
        typealias Place = RestoreTests.Place

        @Test("to standard output: what fails at the end is called untrustworthy, and exits with 1")
        func damagedStream() async throws {
            let pair = try await KeyPair.shared.value
            var content = try await RestoreTests.message(pair)
            content[content.count - 1] ^= 1
            let server = try OneObjectServer([Version(content: content)])
            let outcome = try await server.program(pair).backup([
                "restore", OneObjectServer.url, "--output", "-",
            ])
            #expect(outcome.status == 1)
            #expect(!outcome.output.isEmpty)
            #expect(outcome.errorText.contains("is not to be trusted"))
            #expect(!outcome.errorText.contains("restored 3"))
        }

        @Test("a consumer that stops reading is no success")
        func closedPipe() async throws {
            let pair = try await KeyPair.shared.value
            let plain = RestoreTests.noise(4 << 20)
            let server = try OneObjectServer([
                Version(content: try await RestoreTests.message(pair, plain))
            ])
            let outcome = try await server.program(pair).run(
                "/bin/bash",
                [
                    "-c",
                    "\"$0\" restore \"$1\" -o - | head -c 5 >/dev/null; exit ${PIPESTATUS[0]}",
                    "\(Places.products)/backup", OneObjectServer.url,
                ])
            #expect(outcome.status == 1)
            #expect(outcome.errorText.contains("has stopped before the end"))
        }

        @Test("standard output gets exactly the bytes, the result goes to standard error")
        func stream() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([
                Version(content: try await RestoreTests.message(pair))
            ])
            let outcome = try await server.program(pair).backup([
                "restore", OneObjectServer.url, "-o", "-",
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.output == RestoreTests.plain)
            #expect(outcome.errorText.contains("version v1"))
        }

        @Test("with standard streams closed no byte goes where it does not belong")
        func closedStreams() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([
                Version(content: try await RestoreTests.message(pair))
            ])
            let program = try server.program(pair)
            let place = try Place()
            let file = try await program.run(
                "/bin/bash",
                [
                    "-c", "exec \"$0\" restore \"$1\" -o \"$2\" <&- >&- 2>&-",
                    "\(Places.products)/backup", OneObjectServer.url, place.file,
                ])
            // The file is whole; that the result could not be printed is a failure of its own.
            #expect(file.status == 1)
            #expect(try place.scratch.read("shop.sql") == RestoreTests.plain)
            let stream = try await program.run(
                "/bin/bash",
                [
                    "-c", "exec \"$0\" restore \"$1\" -o - <&- >&-",
                    "\(Places.products)/backup", OneObjectServer.url,
                ])
            #expect(stream.status == 1)
            #expect(stream.errorText.contains("cannot write standard output"))
        }

        @Test(
            "a signal ends the wait for a consumer that does not read, however it waits",
            arguments: [nil, EACCES], ["SIGTERM", "SIGINT"])
        func consumerThatDoesNotRead(opening: Int32?, signal: String) async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([
                Version(content: try await RestoreTests.message(pair))
            ])
            var program = try server.program(pair)
            if let opening {
                // The pipe cannot be opened once more: it stays one whose writes block.
                try await SystemCallShim.shared.value.plant(
                    .init(call: "open", effect: .fails(opening), path: "/proc/self/fd/1"),
                    in: &program)
            }
            let script = """
                import fcntl, signal, struct, subprocess, sys, termios, time
                signal.pthread_sigmask(signal.SIG_SETMASK, [])
                process = subprocess.Popen(
                    [sys.argv[1], "restore", sys.argv[2], "-o", "-"], stdout=subprocess.PIPE)
                size = fcntl.fcntl(process.stdout, 1032)  # F_GETPIPE_SZ
                def held():
                    return struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4)))[0]
                # What is restored is far more than the pipe holds: it cannot end by itself.
                while held() < size // 2 and process.poll() is None: time.sleep(0.01)
                process.send_signal(getattr(signal, sys.argv[3]))
                try:
                    sys.exit(process.wait(timeout=60) % 256)
                except subprocess.TimeoutExpired:
                    process.kill()
                    sys.exit("it waits on")
                """
            let outcome = try await program.run(
                "/usr/bin/python3",
                ["-c", script, "\(Places.products)/backup", OneObjectServer.url, signal])
            #expect(outcome.status == (signal == "SIGINT" ? 130 : 143), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("is not to be trusted"), "\(outcome.errorText)")
            #expect(SystemCallShim.faults(in: program).count == (opening == nil ? 0 : 1))
        }
    }
}
