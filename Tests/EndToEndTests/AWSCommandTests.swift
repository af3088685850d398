import Foundation
import Testing

extension EndToEnd.WithCeph {
    @Suite(
        "what aws s3api list-object-versions prints",
        .enabled(if: TestServer.ceph != nil && TestServer.moto != nil, TestServer.howToStart))
    struct AWSCommandTests {
        /// With a delete marker in the middle. The command's own paging stumbles over a plus or a
        /// percent sign where Ceph's markers are not encoded.
        private static let backups = NightlyBackups(
            keys: ["db/shop.sql.gz.gpg", "etc/a é \"q\" \\ 💾.gpg"], nights: 120)

        @Test(
            "gives the plan that the bucket itself gives, and none where it is not the whole bucket",
            arguments: Server.allCases)
        func samePlan(at server: Server) async throws {
            let program = try await program(at: server)
            let outcome = try await program.dryRun(policy(program))
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let online = try Plan(outcome)
            #expect(online.summary.versions == Self.backups.plan.count)

            let offline = ["--now", online.header.now, "--listing"]
            let listing = try await list(program, ["--page-size", "100"])
            let saved = try await program.dryRun(policy(program), offline + [listing])
            #expect(saved.status == 0, "\(saved.errorText)")
            // Servers list the versions of a key in orders of their own.
            #expect(try Plan(saved).body.sorted() == online.body.sorted())

            for part in [["--no-paginate", "--max-keys", "50"], ["--max-items", "7"]] {
                let listing = try await list(program, part)
                let refused = try await program.dryRun(policy(program), offline + [listing])
                #expect(refused.status == 1)
                #expect(refused.errorText.contains("truncated"), "\(refused.errorText)")
            }
        }

        private func program(at server: Server) async throws -> Program {
            let server = try #require(server.started)
            try await server.load("aws-command", Self.backups.plan)
            return try Program(at: server)
        }

        private func policy(_ program: Program) throws -> String {
            try program.policy(
                """
                version: 1
                bucket: aws-command
                limits: { max-delete: 100% }
                keep: { daily: 7, weekly: 4, monthly: 12 }
                """)
        }

        /// Runs the real command and saves what it prints.
        private func list(_ program: Program, _ options: [String]) async throws -> String {
            let words = ["s3api", "list-object-versions", "--bucket", "aws-command"]
            let outcome = try await Command(
                program: "\(Places.repository)/.venv/bin/aws",
                arguments: words + ["--output", "json"] + options,
                environment: program.environment
            ).run()
            try #require(outcome.status == 0, "\(outcome.errorText)")
            return try program.home.write("listing.json", outcome.text)
        }
    }
}
