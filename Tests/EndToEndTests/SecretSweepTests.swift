import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("no command says a secret")
    struct SecretSweepTests {
        private static let secret = "wJalrXUtnFEMI/theSecretOfTheSweep"
        private static let token = "FwoGZXIvYXdzEtheTokenOfTheSweep"

        /// The commands of a program, as its own help lists them: `backup key export`.
        private static func commands(of name: String) async throws -> [[String]] {
            struct Help: Decodable {
                struct Command: Decodable {
                    var commandName: String
                    var subcommands: [Command]?
                }
                var command: Command
            }
            let outcome = try await Program().run(
                "\(Places.products)/\(name)", ["--experimental-dump-help"])
            let help = try JSONDecoder().decode(Help.self, from: Data(outcome.output))
            func leaves(_ command: Help.Command, _ path: [String]) -> [[String]] {
                let below = (command.subcommands ?? []).filter { $0.commandName != "help" }
                return below.isEmpty
                    ? [path] : below.flatMap { leaves($0, path + [$0.commandName]) }
            }
            return leaves(help.command, [])
        }

        /// What makes a command talk to the server. `POLICY` and `KEY` are files.
        private static let arguments: [String: [String]] = [
            "backup setup": ["s3://bkt"], "backup list": ["s3://bkt/", "--versions"],
            "backup iam": ["uploader", "--bucket", "bkt", "--check"],
            "backup upload": ["s3://bkt/a", "--recipient", "KEY", "--", "echo", "x"],
            "backup grant": ["s3://bkt/a"], "backup presign": ["s3://bkt/a"],
            "backup restore": ["s3://bkt/a", "-o", "-"],
            "backup verify": ["s3://bkt/a"], "s3prune run": ["--policy", "POLICY"],
            "s3prune explain": ["s3://bkt/a", "--policy", "POLICY"],
            "s3prune uploads": ["--policy", "POLICY"],
            "s3prune retire": ["s3://bkt/a", "--policy", "POLICY"],
        ]

        /// How a server answers whatever it is asked.
        static let servers: [String: @Sendable (FaultServer.Received) -> FaultServer.Reply] = [
            "refuses": { _ in .error(403, "AccessDenied") },
            "knows nothing": { _ in .error(404, "NoSuchKey") },
            "is broken": { _ in .error(500, "InternalError") },
        ]

        @Test(
            "on standard error, nor on standard output but in what is to be handed on",
            arguments: servers.keys.sorted(), ["backup", "s3prune"])
        func sweep(server name: String, program: String) async throws {
            let keys = try await BackupKeys.shared.value
            let server = try FaultServer(answer: try #require(Self.servers[name]))
            var rig = try Program()
            rig.environment.merge([
                "AWS_ENDPOINT_URL_S3": server.url, "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": Self.secret,
                "AWS_SESSION_TOKEN": Self.token, "AWS_MAX_ATTEMPTS": "1",
                "GNUPGHOME": rig.home.directory,
            ]) { $1 }
            let policy = try rig.policy("version: 1\nbucket: bkt\nkeep: { daily: 7 }\n")
            let files = ["POLICY": policy, "KEY": keys.file("curve.asc")]
            var talking = 0
            for path in try await Self.commands(of: program) {
                let known = Self.arguments[([program] + path).joined(separator: " ")]
                var words = (known ?? []).map { files[$0] ?? $0 }
                if known != nil { words.insert("--debug", at: 0) }
                let outcome = try await rig.run("\(Places.products)/\(program)", path + words)
                let name = path.joined(separator: " ")
                if known != nil {
                    talking += 1
                    #expect(outcome.errorText.contains("debug:"), "\(name) \(outcome.errorText)")
                }
                #expect(!(outcome.text + outcome.errorText).contains(Self.secret), "\(name)")
                #expect(!outcome.errorText.contains(Self.token), "\(name)")
                #expect(!outcome.errorText.contains(/Signature=[0-9a-fA-F]{8}/), "\(name)")
                guard !["presign", "grant"].contains(name) else { continue }
                #expect(!outcome.text.contains(Self.token), "\(name)")
                #expect(!outcome.text.contains("X-Amz-Signature"), "\(name)")
            }
            let mine = Self.arguments.keys.count { $0.hasPrefix(program + " ") }
            #expect(talking == mine, "every command of the table is one of the program")
        }

        @Test("plans and reports of every form hold none")
        func plans() async throws {
            var rig = try PruneRig(PruneStore(["bkt": PruneStore.nightly(keys: 2, versions: 3)]))
            rig.program.environment["AWS_SECRET_ACCESS_KEY"] = Self.secret
            rig.program.environment["AWS_SESSION_TOKEN"] = Self.token
            let policy = try rig.policy()
            let plan = rig.program.home.path("plan")
            for format in ["text", "json", "csv", "html"] {
                let report = rig.program.home.path("report.\(format)")
                let outcome = try await rig.program.s3prune([
                    "--policy", policy, "--format", format, "--output", report, "--plan-out",
                    plan + format,
                ])
                #expect(outcome.status == 0, "\(outcome.errorText)")
                for file in [report, plan + format] {
                    let text = try String(contentsOfFile: file, encoding: .utf8)
                    #expect(text.contains("bkt"))
                    #expect(!text.contains(Self.secret) && !text.contains(Self.token))
                }
            }
            let applied = try await rig.program.s3prune([
                "apply", plan + "text", "--yes", "--debug",
            ])
            #expect(applied.status == 0, "\(applied.errorText)")
            #expect(applied.errorText.contains("debug:"))
            let said = applied.text + applied.errorText
            #expect(!said.contains(Self.secret) && !said.contains(Self.token))
            #expect(!said.contains(/Signature=[0-9a-fA-F]{8}/))
        }
    }
}
