import Foundation
import Testing

extension EndToEnd.WithCeph {
    @Suite(
        "s3prune --check-locks on a Ceph RADOS Gateway",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct CheckLocksTests {
        let ceph: TestServer

        /// Versions of one key, oldest first, each under another lock; one line an id.
        static let loaded = Task {
            try await TestServer.ceph?.python(
                """
                import datetime, json, time
                s3 = test_servers.client("ceph")
                s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
                s3.put_bucket_policy(
                    Bucket="locked", Policy=json.dumps(test_servers.bucket_policy("locked")))
                later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)
                def retain(mode, until=later):
                    return dict(ObjectLockMode=mode, ObjectLockRetainUntilDate=until)
                def put(locks):
                    answer = s3.put_object(Bucket="locked", Key="db/a b%é", Body=b"x", **locks)
                    print(answer["VersionId"])
                    time.sleep(0.02)
                def put_briefly(seconds=2):
                    # A retention that is over already when it arrives is refused.
                    until = datetime.datetime.now(datetime.timezone.utc)
                    until += datetime.timedelta(seconds=seconds)
                    try:
                        put(retain("GOVERNANCE", until))
                    except s3.exceptions.ClientError:
                        return put_briefly(2 * seconds)
                    return until
                for locks in [{}, retain("GOVERNANCE"), retain("COMPLIANCE")]:
                    put(locks)
                until = put_briefly()
                for locks in [
                    {"ObjectLockLegalHoldStatus": "ON"},
                    {"ObjectLockLegalHoldStatus": "ON", **retain("GOVERNANCE")}, {},
                ]:
                    put(locks)
                while datetime.datetime.now(datetime.timezone.utc).timestamp() < until.timestamp() + 1:
                    time.sleep(0.1)
                # A version of this very second is dated after the server's clock.
                time.sleep(1.5)
                """
            ).lines.map(String.init) ?? []
        }

        static let policy = """
            version: 1
            bucket: locked
            min-age: 0
            min-versions: 1
            keep: { last: 1 }
            """

        init() throws { ceph = try #require(TestServer.ceph) }

        private func actions(
            as user: String, _ options: [String]
        ) async throws -> (actions: [String], plan: Plan, status: Int32) {
            let ids = try await Self.loaded.value
            #expect(ids.count == 7)
            let program = try Program(at: ceph, as: user)
            let outcome = try await program.dryRun(program.policy(Self.policy), options)
            let plan = try Plan(outcome)
            let actions = ids.map { id in
                plan.versions.filter { $0.version_id == id }.map { version in
                    version.action == "delete"
                        ? "delete" : version.reasons.map(\.code).joined(separator: "+")
                }.joined()
            }
            return (actions, plan, outcome.status)
        }

        @Test("retention of both modes and legal holds keep what the rules let go")
        func locks() async throws {
            let (actions, plan, status) = try await actions(as: "admin", ["--check-locks"])
            #expect(status == 0)
            #expect(
                actions == [
                    "delete", "locked", "locked", "delete", "legal-hold", "locked",
                    "current+min-versions+last",
                ])
            #expect(plan.summary.delete == 2)
            let without = try await self.actions(as: "admin", [])
            #expect(without.plan.summary.delete == 6)
        }

        @Test("without the right to ask it says so and goes on")
        func denied() async throws {
            let (actions, plan, status) = try await actions(as: "pruner", ["--check-locks"])
            #expect(status == 6)
            #expect(plan.problems.map(\.code) == ["locks"])
            #expect(actions.count { $0 == "delete" } == 6)
        }

        @Test("a bucket without Object Lock is not asked for any version")
        func noLocks() async throws {
            try await ceph.load(
                "unlocked", NightlyBackups(keys: ["a"], nights: 9).plan)
            let program = try Program(at: ceph)
            let policy = try program.policy("version: 1\nbucket: unlocked\nkeep: { daily: 1 }\n")
            let outcome = try await program.dryRun(policy, ["--check-locks", "--debug"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try Plan(outcome).summary.delete > 0)
            let asked = outcome.errorText.split(separator: "\n").filter { $0.contains("> GET") }
            #expect(asked.count { $0.contains("object-lock") } == 1, "\(outcome.errorText)")
            #expect(!asked.contains { $0.contains("retention") || $0.contains("legal-hold") })
        }

        @Test("is refused together with a saved listing")
        func offline() async throws {
            let outcome = try await Program().s3prune([
                "--check-locks", "--listing", "x", "--now", "2026-11-23T03:00:00Z",
            ])
            #expect(outcome.status == 64)
        }
    }
}
