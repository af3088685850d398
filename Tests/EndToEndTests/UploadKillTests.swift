import FaultServer
import Foundation
import Properties
import Testing

extension EndToEnd {
    @Suite("backup upload, killed and looked at")
    struct UploadKillTests {
        /// `UPLOAD_KILLS=200` for more.
        static let kills = Soak.count("UPLOAD_KILLS", else: 6)

        /// When an upload is killed: at a request, or so much later.
        private struct Moment: Sendable {
            enum Place: CaseIterable { case request, later, unanswered }
            var operation: UploadStore.Operation
            var number: Int
            var place: Place
            /// In microseconds: enough for a part's body, its answer and what follows.
            var delay: UInt32

            init(_ random: inout SeededRandom) {
                let requests: [(UploadStore.Operation, ClosedRange<Int>)] = [
                    (.put, 1...1), (.create, 1...1), (.part, 1...3), (.complete, 1...1),
                ]
                let request = requests.randomElement(using: &random)!
                operation = request.0
                number = .random(in: request.1, using: &random)
                place = Place.allCases.randomElement(using: &random)!
                delay = .random(in: 0...30_000, using: &random)
            }

            /// Ends the upload, and says what becomes of the request meanwhile.
            func end(_ file: String) -> UploadStore.Fault? {
                if place == .request {
                    signalUpload(file, SIGKILL)
                    return .instead(.init(course: .noAnswer))
                }
                Thread.detachNewThread {
                    usleep(delay)
                    signalUpload(file, SIGKILL)
                }
                return place == .unanswered ? .after(.init(course: .stall)) : nil
            }
        }

        @Test("killed at any moment within it, it leaves a whole version or none")
        func kills() async throws {
            var (killed, seed) = (0, UInt64(0))
            while killed < Int(Self.kills) {
                var random = SeededRandom(seed: seed)
                if try await Self.isKilled(Moment(&random), &random, "seed \(seed)") { killed += 1 }
                seed += 1
            }
        }

        /// One upload, and what is stored of it; false where it had ended before the kill.
        private static func isKilled(
            _ moment: Moment, _ random: inout SeededRandom, _ seed: Comment
        ) async throws -> Bool {
            let scratch = try Scratch()
            let file = scratch.path("process")
            let rig = try await UploadRig { operation, number, _ in
                guard operation == moment.operation, number == moment.number else { return nil }
                return moment.end(file)
            }
            rig.program.environment["TMPDIR"] = rig.program.home.directory
            let isLarge = moment.operation != .put
            let lines = isLarge ? UploadCrashTests.numbers : "seq 1 100000"
            let concurrency = Int.random(in: 1...4, using: &random)
            let outcome = try await rig.upload(
                "echo $PPID >\(file); \(lines)",
                ["--compression", "none", "--concurrency", "\(concurrency)"])
            try FileManager.default.removeItem(atPath: file)
            #expect([0, 128 + SIGKILL].contains(outcome.status), "\(seed): \(outcome.errorText)")
            // The server may still be at the last request.
            rig.server.stop()
            let objects = rig.store.objects
            #expect(objects.count + rig.store.openUploads.count <= 1, seed)
            // What it says is true, even where the kill comes right after that.
            #expect(objects.count == 1 || outcome.status != 0 && outcome.output.isEmpty, seed)
            if let object = objects.first {
                let read = try await rig.keys.read(object.body, unpacker: "cat")
                let whole = try await rig.program.run("/bin/sh", ["-c", lines])
                let isWhole = read.output == whole.output
                #expect(isWhole, seed)
            }
            return outcome.status != 0
        }

        @Test("no secret is in a command line, in what its programs get, or in what it says")
        func secrets() async throws {
            let rig = try await UploadRig { operation, number, _ in
                operation == .create && number == 1 ? .instead(.error(500, "InternalError")) : nil
            }
            rig.program.environment["GNUPGHOME"] = rig.keys.home
            let signer = try await rig.keys.fingerprint("locked")
            let seen = rig.program.home.path("seen")
            // Looks at everything that has this test's HOME, but not into the program's own
            // environment, which only the superuser could.
            let look = """
                \(noise); sleep 0.3
                for process in /proc/[0-9]*; do
                    grep -qs "HOME=$HOME" $process/environ || continue
                    cat $process/cmdline
                    [ $process = /proc/$PPID ] || cat $process/environ
                done >\(seen) 2>/dev/null
                grep 'core file' /proc/$PPID/limits >>\(seen)
                """
            let outcome = try await rig.upload(
                look,
                [
                    "--compression", "none", "--debug", "--sign", signer, "--passphrase-file",
                    rig.keys.file("passphrase"),
                ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let found = String(decoding: try rig.program.home.read("seen"), as: UTF8.self)
            #expect(found.contains("--encrypt"), "gpg was looked at")
            #expect(found.contains("AWS_ACCESS_KEY_ID=AKIDEXAMPLE"))
            #expect(found.wholeMatch(of: /(?s).*Max core file size +0 +0 .*/) != nil)
            #expect(outcome.errorText.contains("debug:"))
            for secret in [UploadRig.secret, UploadRig.token, BackupKeys.passphrase] {
                #expect(!found.contains(secret))
                #expect(!outcome.errorText.contains(secret))
                #expect(!outcome.text.contains(secret))
                let isStored = rig.store.objects.contains { object in
                    object.headers.contains { $0.value == secret && $0.key.contains("meta") }
                }
                #expect(!isStored)
            }
        }

        @Test(
            "no command says a secret, not with --debug",
            arguments: [
                ["backup", "list", "s3://bkt/a", "--debug"],
                ["backup", "restore", "s3://bkt/a", "--debug"],
                ["backup", "presign", "s3://bkt/a", "--debug"],
                ["backup", "grant", "s3://bkt/a", "--debug"],
                ["backup", "setup", "s3://bkt", "--debug"],
                ["backup", "iam", "uploader", "--bucket", "bkt", "--check", "--debug"],
                ["s3prune", "--debug", "--policy", "POLICY"],
                ["s3prune", "explain", "s3://bkt/a", "--debug", "--policy", "POLICY"],
                ["s3prune", "uploads", "--debug", "--policy", "POLICY"],
            ])
        func commands(words: [String]) async throws {
            let rig = try await UploadRig { _, _, _ in .instead(.error(403, "AccessDenied")) }
            let policy = try rig.program.policy("version: 1\nbucket: bkt\nkeep: { daily: 7 }\n")
            let outcome = try await rig.program.run(
                "\(Places.products)/\(words[0])",
                words.dropFirst().map { $0 == "POLICY" ? policy : $0 })
            #expect(outcome.errorText.contains("debug:"), "\(outcome.errorText)")
            #expect(!(outcome.text + outcome.errorText).contains(UploadRig.secret))
            // Whoever gets a presigned URL or a form needs the token; nobody else does.
            let shown =
                ["presign", "grant"].contains(words[1])
                ? outcome.errorText : outcome.text + outcome.errorText
            #expect(!shown.contains(UploadRig.token))
        }
    }
}
