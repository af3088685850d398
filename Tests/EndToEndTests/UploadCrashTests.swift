import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// A process that ends between two requests, or stands still.
    @Suite("backup upload, killed or stopped at a request")
    struct UploadCrashTests {
        /// What the producer puts out: three parts.
        static let numbers = "seq 1 1700000"
        static let text = (1...1_700_000).map { "\($0)\n" }.joined()

        /// When the program is killed, and what is there then.
        struct Moment: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let operation: UploadStore.Operation
            var number = 1
            var hasEffect = false
            var objects = 0
            var uploads = 1
        }

        static let moments: [Moment] = [
            Moment(testDescription: "before it begins", operation: .create, uploads: 0),
            Moment(testDescription: "after it began", operation: .create, hasEffect: true),
            Moment(testDescription: "during the first part", operation: .part),
            Moment(testDescription: "during the second part", operation: .part, number: 2),
            Moment(testDescription: "during the last part", operation: .part, number: 3),
            Moment(testDescription: "before it is completed", operation: .complete),
            Moment(
                testDescription: "after it was completed", operation: .complete, hasEffect: true,
                objects: 1, uploads: 0),
        ]

        @Test(
            "a kill leaves a whole version or none, and parts that can be found", arguments: moments
        )
        func killed(moment: Moment) async throws {
            let scratch = try Scratch()
            let file = scratch.path("process")
            let rig = try await UploadRig { operation, number, _ in
                guard operation == moment.operation, number == moment.number else { return nil }
                signalUpload(file, SIGKILL)
                let silence = FaultServer.Reply(course: .noAnswer)
                return moment.hasEffect ? .after(silence) : .instead(silence)
            }
            rig.program.environment["TMPDIR"] = rig.program.home.directory
            let outcome = try await rig.upload(
                "echo $PPID >\(file); \(Self.numbers)",
                ["--compression", "none", "--concurrency", "1"])
            #expect(outcome.status == 137, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            // The server may still be reading when the program has ended.
            #expect(
                eventually {
                    rig.store.objects.count == moment.objects
                        && rig.store.openUploads.count == moment.uploads
                })
            if let object = rig.store.objects.first {
                let read = try await rig.keys.read(object.body, unpacker: "cat")
                let isWhole = read.text == Self.text
                #expect(isWhole)
            }
            let policy = try rig.program.policy(
                "version: 1\nbucket: bkt\nkeep: all\nincomplete-uploads: { abort-after: 1d }\n")
            let left = try await rig.program.s3prune(["uploads", "--policy", policy])
            #expect(
                left.text.contains("db/shop.gpg") == (moment.uploads > 0),
                "\(left.text)\(left.errorText)")
        }

        @Test("a process that stands still while its connection is reset goes on with the next one")
        func stopped() async throws {
            let scratch = try Scratch()
            let file = scratch.path("process")
            let rig = try await UploadRig { operation, number, _ in
                guard operation == .part, number == 1 else { return nil }
                signalUpload(file, SIGSTOP)
                _ = eventually { isStopped(file) }
                Thread.detachNewThread {
                    // However long: what it sees is that the connection is gone.
                    usleep(500_000)
                    signalUpload(file, SIGCONT)
                }
                return .early(.init(course: .resetWithoutAnswer))
            }
            let outcome = try await rig.upload(
                "echo $PPID >\(file); \(Self.numbers)", ["--compression", "none"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let objects = rig.store.objects
            let read = try await rig.keys.read(try #require(objects.first).body, unpacker: "cat")
            let isSame = objects.count == 1 && read.text == Self.text
            #expect(isSame)
        }
    }
}

/// The process whose number the producer wrote into a file.
private func process(in file: String) -> pid_t? {
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    return pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
}

/// Sends a signal to the upload whose producer wrote its number into a file.
func signalUpload(_ file: String, _ signal: Int32) {
    if let process = process(in: file) { kill(process, signal) }
}

/// Whether that upload stands still.
private func isStopped(_ file: String) -> Bool {
    guard let process = process(in: file),
        let line = FileManager.default.contents(atPath: "/proc/\(process)/stat")
    else { return false }
    let fields = String(decoding: line, as: UTF8.self).split(separator: ")").last ?? ""
    return fields.split(separator: " ").first == "T"
}
