import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("backup upload, through faults")
    struct UploadFaultTests {
        private let plain = ["--compression", "none"]

        struct Fault: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let reply: FaultServer.Reply
            let status: Int32
            let words: String
            var requests: Int
        }

        static let faults: [Fault] = [
            Fault(
                testDescription: "no right to put", reply: .error(403, "AccessDenied"), status: 77,
                words: "AccessDenied", requests: 1),
            Fault(
                testDescription: "credentials that end", reply: .error(400, "ExpiredToken"),
                status: 77, words: "ExpiredToken", requests: 1),
            Fault(
                testDescription: "500 for ever", reply: .error(500, "InternalError"), status: 75,
                words: "InternalError", requests: 3),
            Fault(
                testDescription: "clocks that disagree",
                reply: .error(403, "RequestTimeTooSkewed"), status: 3,
                words: "the clocks disagree: here it is 20", requests: 1),
            Fault(
                testDescription: "a portal", reply: .init(text: "<html>Log in</html>"), status: 1,
                words: "InvalidAnswer", requests: 1),
        ]

        @Test("a part that fails for good ends everything", arguments: faults)
        func partFails(fault: Fault) async throws {
            let rig = try await UploadRig { operation, _, request in
                operation == .part && request.query["partNumber"] == "2"
                    ? .instead(fault.reply) : nil
            }
            let outcome = try await rig.upload("\(noise); sleep 442", plain)
            #expect(outcome.status == fault.status, "\(outcome.errorText)")
            #expect(outcome.errorText.contains(fault.words), "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(rig.holdsNothing)
            #expect(rig.store.events.filter { $0.part == 2 }.count == fault.requests)
            #expect(eventually { running("sleep 442").isEmpty })
        }

        @Test("what is left because it could not be aborted is named")
        func abortRefused() async throws {
            let rig = try await UploadRig { operation, _, _ in
                switch operation {
                case .part, .abort: .instead(.error(403, "AccessDenied"))
                default: nil
                }
            }
            let outcome = try await rig.upload(noise, plain)
            #expect(outcome.status == 77)
            #expect(outcome.errorText.contains("upload id upload-1"), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("s3prune uploads"))
        }

        @Test("a completion whose answer is lost is an unknown outcome, with all that helps")
        func unknown() async throws {
            let rig = try await UploadRig { operation, number, _ in
                operation == .complete && number == 1 ? .after(.init(course: .noAnswer)) : nil
            }
            let outcome = try await rig.upload(noise, plain)
            #expect(outcome.status == 5)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.contains("upload id upload-1"))
            #expect(rig.store.count(.abort) == 0)
            let object = try #require(rig.store.objects.first)
            let token = try #require(object.headers["x-amz-meta-backup-token"])
            #expect(outcome.errorText.contains(token))
        }

        @Test("a completion that finds no upload at the first attempt is a failure")
        func gone() async throws {
            let rig = try await UploadRig { operation, _, _ in
                operation == .complete ? .instead(.error(404, "NoSuchUpload")) : nil
            }
            let outcome = try await rig.upload(noise, plain)
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(rig.store.objects.isEmpty)
        }

        @Test("a small backup that may be there twice is said so")
        func twin() async throws {
            let rig = try await UploadRig { operation, number, _ in
                operation == .put && number == 1 ? .after(.init(course: .noAnswer)) : nil
            }
            let outcome = try await rig.upload("echo x")
            #expect(outcome.status == 0)
            #expect(outcome.errorText.contains("may be stored twice"), "\(outcome.errorText)")
        }

        @Test(
            "what is answered instead of 100 Continue is heeded",
            arguments: [
                (417, "", Int32(0)), (403, "AccessDenied", 77), (307, "TemporaryRedirect", 1),
            ])
        func expectation(status: Int, code: String, exit: Int32) async throws {
            let rig = try await UploadRig { operation, number, request in
                guard operation == .put, number == 1, request["expect"] != nil else { return nil }
                return .early(code.isEmpty ? .init(status) : .error(status, code))
            }
            let outcome = try await rig.upload("head -c 2000000 /dev/urandom", plain)
            #expect(outcome.status == exit, "\(outcome.errorText)")
            #expect(rig.store.objects.count == (exit == 0 ? 1 : 0))
            #expect(rig.server.requests.first?.body.isEmpty == true)
        }

        // MARK: Signals

        @Test(
            "a signal aborts the upload and ends the producer's group",
            arguments: [("INT", Int32(130)), ("TERM", 143), ("HUP", 143)])
        func signal(name: String, status: Int32) async throws {
            let rig = try await UploadRig()
            let sleep = "sleep 45\(status).\(name.count)"
            let outcome = try await rig.upload(
                "\(noise); \(sleep) & kill -\(name) $PPID; \(sleep); wait", plain)
            #expect(outcome.status == status, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("interrupted; nothing was stored"))
            // Once more for a part that was on its way.
            #expect(rig.store.count(.create) == 1 && [1, 2].contains(rig.store.count(.abort)))
            #expect(rig.holdsNothing)
            #expect(eventually { running(sleep).isEmpty })
        }

        @Test("a signal ends the wait for standard input")
        func signalWhileWaiting() async throws {
            let rig = try await UploadRig()
            let ended = try await rig.script(
                "sleep 5 | (upload & sleep 0.7; kill -TERM $!; wait $!; exit $?)")
            #expect(ended.status == 143, "\(ended.errorText)")
            #expect(rig.holdsNothing)
        }

        @Test("a second one ends the patience with a stubborn producer")
        func secondSignal() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.upload(
                """
                trap '' TERM; \(noise)
                kill -INT $PPID; sleep 0.3; kill -INT $PPID; sleep 443
                """, plain)
            #expect(outcome.status == 130, "\(outcome.errorText)")
            #expect(eventually { running("sleep 443").isEmpty })
        }

        /// Sends SIGINT to the process whose number the producer wrote.
        private static func interrupt(_ file: String) {
            let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            guard let process = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                return
            }
            kill(process, SIGINT)
        }

        @Test("a second one ends an abort that gets no answer, and names what is left")
        func secondSignalWhileAborting() async throws {
            let scratch = try Scratch()
            let file = scratch.path("process")
            let rig = try await UploadRig { operation, _, _ in
                guard operation == .abort else { return nil }
                Self.interrupt(file)
                return .instead(.init(course: .stall))
            }
            let outcome = try await rig.upload(
                "echo $PPID >\(file); \(noise); kill -INT $PPID; sleep 444", plain)
            #expect(outcome.status == 130, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("upload id upload-1"), "\(outcome.errorText)")
            #expect(rig.store.count(.abort) == 1)
        }

        @Test("a signal during the completion leaves the outcome unknown")
        func signalWhileCompleting() async throws {
            let scratch = try Scratch()
            let file = scratch.path("process")
            let rig = try await UploadRig { operation, _, _ in
                guard operation == .complete else { return nil }
                Self.interrupt(file)
                return .after(.init(course: .stall))
            }
            let outcome = try await rig.upload("echo $PPID >\(file); \(noise)", plain)
            #expect(outcome.status == 5, "\(outcome.errorText)")
            #expect(rig.store.count(.abort) == 0)
        }

        // MARK: The surroundings

        @Test(
            "the backup is stored, whoever listens",
            arguments: [
                "upload -- echo x >&-", "upload -- echo x 2>&-", "upload -- echo x >&- 2>&-",
                "upload -- echo x >/dev/full", "upload -- echo x >/dev/full 2>/dev/full",
            ])
        func nobodyListens(script: String) async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.script(script)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.objects.count == 1)
        }

        @Test(
            "a pipe that nobody reads any more is no failure",
            arguments: ["| true", "2> >(true)", "2>&1 | true"])
        func brokenPipe(redirection: String) async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.script(
                """
                ((upload --debug -- sh -c 'sleep 0.5; echo x'); echo $? >$HOME/status) \
                    \(redirection)
                while [ ! -s $HOME/status ]; do sleep 0.1; done
                """)
            #expect(outcome.status == 0)
            #expect(try rig.program.home.read("status") == Array("0\n".utf8))
            #expect(rig.store.objects.count == 1)
        }

        @Test("a directory for temporary files that cannot be used is passed over")
        func temporaryDirectory() async throws {
            let rig = try await UploadRig()
            for directory in ["/nonexistent", "/proc"] {
                rig.program.environment["TMPDIR"] = directory
                let outcome = try await rig.upload("echo x")
                #expect(outcome.status == 0, "\(outcome.errorText)")
            }
        }

        @Test(
            "too little memory is a failure that cleans up",
            .enabled(if: Command.isUnsanitized), arguments: [250_000, 400_000])
        func memory(kibibytes: Int) async throws {
            // No part is ever confirmed: a quick server would give its memory back in time.
            let rig = try await UploadRig { operation, _, _ in
                operation == .part ? .instead(.init(course: .stall)) : nil
            }
            let outcome = try await rig.script(
                "ulimit -v \(kibibytes); upload -- head -c 300000000 /dev/zero",
                plain + ["--part-size", "40MiB", "--concurrency", "12"])
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("no memory for a part"), "\(outcome.errorText)")
            #expect(rig.holdsNothing, "\(outcome.errorText)")
        }

        @Test("too few descriptors are a failure that stores nothing")
        func descriptors() async throws {
            let lines = UploadCrashTests.numbers
            var failed: [Int] = []
            for limit in 4...26 {
                let rig = try await UploadRig()
                let outcome = try await rig.script(
                    "ulimit -n \(limit); upload -- \(lines)", plain)
                // How many connections are open at once is a matter of time: these may be enough.
                if outcome.status == 0 {
                    let object = try #require(rig.store.objects.first)
                    let read = try await rig.keys.read(object.body, unpacker: "cat")
                    let whole = try await rig.program.run("/bin/sh", ["-c", lines])
                    let isWhole = read.output == whole.output
                    #expect(isWhole && rig.store.objects.count == 1, "\(limit)")
                    continue
                }
                failed.append(limit)
                #expect(outcome.status == 1, "\(limit): \(outcome.errorText)")
                #expect(
                    outcome.errorText.contains("too many open files"),
                    "\(limit): \(outcome.errorText)")
                #expect(rig.store.objects.isEmpty, "\(limit)")
            }
            #expect(failed.starts(with: 4...14), "\(failed)")
        }
    }
}
