import Testing

extension EndToEnd {
    @Suite(
        "s3prune --dry-run on moto",
        .enabled(if: TestServer.moto != nil, TestServer.howToStart))
    struct MotoDryRunTests {
        @Test("gives the plan that a listing saved by boto3 gives offline")
        func samePlanAsOffline() async throws {
            let moto = try #require(TestServer.moto)
            let backups = NightlyBackups(keys: ["db/shop.sql.gz.gpg", "etc/a b.gpg"], nights: 520)
            try await moto.load("nightly", backups.plan)
            let saved = try Scratch()
            #expect(try await moto.saveListing("nightly", to: saved.path("pages")) == 2)

            let program = try Program(at: moto)
            let policy = try program.policy(
                """
                version: 1
                bucket: nightly
                limits: { max-delete: 99% }
                keep: { daily: 7, weekly: 4, monthly: 12 }
                """)
            let outcome = try await program.dryRun(policy)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let online = try Plan(outcome)
            #expect(online.summary.versions == backups.plan.count)

            let offline = try await Plan(
                Program().dryRun(
                    policy, ["--listing", saved.path("pages"), "--now", online.header.now]))
            #expect(offline.body == online.body)
        }
    }
}
