import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// `docs/tutorial.md`, command by command, as a newcomer would type it.
    @Suite(
        "the tutorial",
        .enabled(if: TestServer.ceph != nil && TestServer.moto != nil, TestServer.howToStart))
    struct TutorialTests {
        /// What stands in the page's `sh` blocks, block by block.
        static func blocks() throws -> [String] {
            let page = try String(
                contentsOfFile: Places.repository + "/docs/tutorial.md", encoding: .utf8)
            var blocks: [String] = []
            var current: [Substring]?
            for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
                if line == "```sh" {
                    current = []
                } else if line == "```", let lines = current {
                    blocks.append(lines.joined(separator: "\n"))
                    current = nil
                } else {
                    current?.append(line)
                }
            }
            return blocks
        }

        @Test("works from its first command to its last")
        func works() async throws {
            let ceph = try #require(TestServer.ceph)
            let program = try Program()
            // Ceph 16 has no IAM users: moto takes the commands that make one.
            let desk = try Desk(program, ceph, users: try #require(TestServer.moto))
            let blocks = try Self.blocks()
            #expect(blocks.count == 18)
            for (number, block) in blocks.enumerated() {
                let outcome = try await desk.run(block)
                try #require(
                    outcome.status == 0,
                    "block \(number + 1):\n\(block)\n\(outcome.text)\(outcome.errorText)")
                if block.hasPrefix("backup iam uploader") {
                    // What the user's policy says, as the bucket's policy.
                    try await ceph.setRights(of: "acme-tutorial")
                }
            }
            let list = try await desk.run(
                "backup list --versions --format json s3://acme-tutorial --profile admin")
            #expect(list.lines.count { $0.contains("\"version_id\"") } == 3)
            let refused = try await desk.run(
                "backup list s3://acme-tutorial --profile server")
            #expect(refused.status == 77)
            let given = try await desk.run(
                """
                aws iam get-user-policy --user-name web1-uploader --policy-name put-only \\
                    --query PolicyDocument --output json --profile admin >given.json
                python3 -c 'import json
                assert json.load(open("given.json")) == json.load(open("uploader.json"))'
                """)
            #expect(given.status == 0, "\(given.errorText)")
        }
    }

    /// A machine with a shell, both programs and two profiles.
    private struct Desk {
        let program: Program
        let folder: String

        init(_ program: Program, _ ceph: TestServer, users: TestServer) throws {
            var program = program
            program.environment["AWS_ENDPOINT_URL_IAM"] = users.endpoint
            self.program = program
            folder = program.home.path("desk")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: program.home.path(".gnupg"), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            try FileManager.default.createDirectory(
                atPath: program.home.path(".aws"), withIntermediateDirectories: true)
            var credentials = ""
            for (profile, user) in [("admin", "admin"), ("server", "uploader")] {
                let keys = ceph.credentials(user)
                credentials += """
                    [\(profile)]
                    aws_access_key_id = \(keys["AWS_ACCESS_KEY_ID"] ?? "")
                    aws_secret_access_key = \(keys["AWS_SECRET_ACCESS_KEY"] ?? "")

                    """
            }
            let path = try program.home.write(".aws/credentials", credentials)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: path)
            let common = "region = us-east-1\nendpoint_url = \(ceph.endpoint)\n"
            _ = try program.home.write(
                ".aws/config", "[profile admin]\n\(common)[profile server]\n\(common)")
        }

        func run(_ block: String) async throws -> Command.Outcome {
            var environment = program.environment
            environment["PATH"] =
                "\(Places.products):\(Places.repository)/.venv/bin:/usr/bin:/bin"
            return try await Command(
                program: "/bin/bash",
                arguments: ["-euo", "pipefail", "-c", "cd '\(folder)'\n" + block],
                environment: environment
            ).run()
        }
    }
}
