import Foundation
import Testing

extension EndToEnd.WithCeph {
    @Suite(
        "s3prune --apply on a Ceph RADOS Gateway",
        .enabled(if: TestServer.ceph != nil && TestServer.moto != nil, TestServer.howToStart))
    struct CephApplyTests {
        let ceph: TestServer

        init() throws { ceph = try #require(TestServer.ceph) }

        private static func policy(_ bucket: String, keep: String = "last: 1") -> String {
            """
            version: 1
            bucket: \(bucket)
            min-age: 0
            min-versions: 1
            keep-oldest: false
            limits: { max-delete: 100% }
            keep: { \(keep) }
            """
        }

        /// The key and id of every version of a bucket, as boto3 sees them.
        private func pairs(_ server: TestServer, _ bucket: String) async throws -> Set<[String]> {
            let listed = try await server.python(
                """
                import json
                pages = test_servers.client("\(server.name)").get_paginator(
                    "list_object_versions").paginate(Bucket="\(bucket)")
                for page in pages:
                    for each in page.get("Versions", []) + page.get("DeleteMarkers", []):
                        print(json.dumps([each["Key"], each["VersionId"]]))
                """)
            return Set(
                try listed.lines.map {
                    try JSONDecoder().decode([String].self, from: Data($0.utf8))
                })
        }

        @Test(
            "deletes exactly the planned pairs, and a second run finds nothing",
            arguments: Server.allCases)
        func exactly(at server: Server) async throws {
            let server = try #require(server.started)
            let backups = NightlyBackups(
                keys: ["db/shop.gpg", "db/a b é.gpg", "etc/x"], nights: 420)
            try await server.load("prune-exactly", backups.plan)
            let program = try Program(at: server, as: "pruner")
            let policy = try program.policy(
                Self.policy("prune-exactly", keep: "daily: 7, weekly: 4, monthly: 12"))
            let before = try await pairs(server, "prune-exactly")
            let outcome = try await program.s3prune(
                ["--apply", "--yes", "--policy", policy, "--plan-out", program.home.path("plan")])
            #expect(outcome.status == 0, "\(outcome.errorText)")

            let text = String(decoding: try program.home.read("plan"), as: UTF8.self)
            let plan = try Plan(Command.Outcome(status: 0, output: Array(text.utf8), errors: []))
            let planned = plan.versions.filter { $0.action == "delete" }
            #expect(planned.count > 1_100)
            let expired = Set(planned.map { [$0.key, $0.version_id] })
            #expect(Set(plan.versions.map { [$0.key, $0.version_id] }) == before)
            #expect(try await pairs(server, "prune-exactly") == before.subtracting(expired))

            let again = try await program.s3prune(["--apply", "--yes", "--policy", policy])
            #expect(again.status == 0, "\(again.errorText)")
            #expect(again.text.contains("nothing to delete"), "\(again.text)")
            #expect(try await pairs(server, "prune-exactly") == before.subtracting(expired))
        }

        @Test("hard keys are deleted exactly", arguments: [true, false])
        func hardKeys(takesBatches: Bool) async throws {
            let bucket = takesBatches ? "prune-hard" : "prune-singly"
            let keys = HardKeyTests.keys + HardKeyTests.controls + ["a\u{1}b", "x\u{FFFF}"]
            let times = ["2026-11-01T01:00:00Z", "2026-11-02T01:00:00Z", "2026-11-03T01:00:00Z"]
            try await ceph.load(
                bucket, times.flatMap { time in keys.map { "\(time)\tput\t\(encoded($0))\t9" } })
            // Keys that differ from others only by how they are written stay as they are.
            if !takesBatches { try await withoutDeleteObject(bucket) }
            let program = try Program(at: ceph, as: "pruner")
            let policy = try program.policy(Self.policy(bucket))
            let before = try await Plan(program.dryRun(policy))
            #expect(before.versions.count == 3 * keys.count)
            #expect(
                try await pairs(ceph, bucket)
                    == Set(before.versions.map { [$0.key, $0.version_id] }))
            for key in HardKeyTests.controls + ["a\u{1}b", "x\u{FFFF}"] {
                let explained = try await program.s3prune([
                    "explain", "s3://\(bucket)/\(key)", "--policy", policy, "--format", "json",
                ])
                #expect(explained.status == 0, "\(explained.errorText)")
                #expect(explained.lines.count { $0.contains("\"type\":\"version\"") } == 3)
            }
            let outcome = try await program.s3prune(["--apply", "--yes", "--policy", policy])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let after = try await Plan(program.dryRun(policy))
            #expect(
                after.versions.map(\.version_id)
                    == before.versions.filter(\.is_latest).map(\.version_id))
            #expect(after.versions.count == keys.count)
            let kept = before.versions.filter(\.is_latest).map { [$0.key, $0.version_id] }
            #expect(try await pairs(ceph, bucket) == Set(kept))
        }

        /// Takes the right that Ceph wants for a batch from the pruner: single deletions are left.
        private func withoutDeleteObject(_ bucket: String) async throws {
            _ = try await ceph.python(
                """
                import json
                policy = test_servers.bucket_policy("\(bucket)")
                for statement in policy["Statement"]:
                    if statement["Effect"] == "Allow":
                        statement["Action"] = [
                            a for a in statement["Action"] if a != "s3:DeleteObject"]
                test_servers.client("ceph").put_bucket_policy(
                    Bucket="\(bucket)", Policy=json.dumps(policy))
                """)
        }

        @Test(
            "what Object Lock holds is protected and never bypassed",
            arguments: ["admin", "pruner"])
        func objectLock(user: String) async throws {
            let bucket = "prune-locked-" + user
            let made = try await ceph.python(
                """
                import datetime, json
                s3 = test_servers.client("ceph")
                bucket = "\(bucket)"
                s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
                s3.put_bucket_policy(
                    Bucket=bucket, Policy=json.dumps(test_servers.bucket_policy(bucket)))
                until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=9)
                def put(key):
                    return s3.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"]
                for key in ["free", "governance", "compliance", "hold"]:
                    ids = [put(key), put(key), put(key)]
                    name = {"Bucket": bucket, "Key": key, "VersionId": ids[0]}
                    if key == "hold":
                        s3.put_object_legal_hold(**name, LegalHold={"Status": "ON"})
                    elif key != "free":
                        s3.put_object_retention(
                            **name, Retention={"Mode": key.upper(), "RetainUntilDate": until})
                    print(key, *ids)
                # A version of this very second is dated after the server's clock.
                import time
                time.sleep(1.5)
                """)
            let ids = Dictionary(
                uniqueKeysWithValues: made.lines.map { line in
                    let words = line.split(separator: " ").map(String.init)
                    return (words[0], Array(words.dropFirst()))
                })
            let program = try Program(at: ceph, as: user)
            let policy = try program.policy(Self.policy(bucket))
            let outcome = try await program.s3prune(
                ["--apply", "--yes", "--format", "json", "--policy", policy])
            #expect(outcome.status == 4, "\(outcome.errorText)")
            let last = try #require(outcome.lines.last)
            #expect(last.contains("\"deleted\":5") && last.contains("\"protected\":3"), "\(last)")
            var expected: Set<[String]> = []
            for (key, ids) in ids {
                expected.insert([key, ids[2]])
                if key != "free" { expected.insert([key, ids[0]]) }
            }
            #expect(try await pairs(ceph, bucket) == expected)
        }

        @Test("two pruners together leave what one would leave, and neither fails")
        func together() async throws {
            let backups = NightlyBackups(keys: ["a", "b", "c\u{1}d", "e"], nights: 300)
            try await ceph.load("prune-twice", backups.plan)
            let first = try Program(at: ceph, as: "pruner")
            let second = try Program(at: ceph, as: "pruner")
            let text = Self.policy("prune-twice", keep: "daily: 7, monthly: 6")
            let policies = [try first.policy(text), try second.policy(text)]
            let listed = try await first.dryRun(policies[0])
            #expect(listed.status == 0, "\(listed.errorText)")
            let plan = try Plan(listed)
            async let one = first.s3prune(["--apply", "--yes", "--policy", policies[0]])
            async let two = second.s3prune(["--apply", "--yes", "--policy", policies[1]])
            for outcome in try await [one, two] {
                #expect(outcome.status == 0, "\(outcome.errorText)")
            }
            let survivors = plan.versions.filter { $0.action != "delete" }
            #expect(
                try await pairs(ceph, "prune-twice")
                    == Set(survivors.map { [$0.key, $0.version_id] }))
        }

        @Test("a version that comes between plan and apply survives, and a suspension refuses")
        func between() async throws {
            let lines = (1...6).map { "2026-11-0\($0)T01:00:00Z\tput\tdb\t9" }
            try await ceph.load("prune-between", lines)
            let program = try Program(at: ceph, as: "pruner")
            let policy = try program.policy(Self.policy("prune-between"))
            let path = program.home.path("plan")
            _ = try await program.s3prune(["--policy", policy, "--plan-out", path])
            let before = try await pairs(ceph, "prune-between")
            try await setVersioning("prune-between", "Suspended")
            let refused = try await program.s3prune(["apply", path, "--yes"])
            #expect(refused.status == 3, "\(refused.errorText)")
            #expect(try await pairs(ceph, "prune-between") == before)

            try await setVersioning("prune-between", "Enabled")
            let new = try await ceph.put("new", to: "db", in: "prune-between")
            let outcome = try await program.s3prune(["apply", path, "--yes"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let left = try await pairs(ceph, "prune-between")
            // The one that was current when the plan was made was not planned.
            #expect(left.count == 2 && left.contains(["db", new]))
        }

        private func setVersioning(_ bucket: String, _ status: String) async throws {
            _ = try await ceph.python(
                """
                test_servers.client("ceph").put_bucket_versioning(
                    Bucket="\(bucket)", VersioningConfiguration={"Status": "\(status)"})
                """)
        }

        @Test("a user who may only list is denied, and nothing is claimed")
        func denied() async throws {
            try await ceph.load(
                "prune-denied", (1...5).map { "2026-11-0\($0)T01:00:00Z\tput\tdb\t9" })
            _ = try await ceph.python(
                """
                import json
                policy = test_servers.bucket_policy("prune-denied")
                for statement in policy["Statement"]:
                    if statement["Effect"] == "Allow":
                        statement["Action"] = [a for a in statement["Action"] if "Delete" not in a]
                test_servers.client("ceph").put_bucket_policy(
                    Bucket="prune-denied", Policy=json.dumps(policy))
                """)
            let program = try Program(at: ceph, as: "pruner")
            let before = try await pairs(ceph, "prune-denied")
            let outcome = try await program.s3prune(
                ["--apply", "--yes", "--policy", program.policy(Self.policy("prune-denied"))])
            #expect(outcome.status == 77, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("deleted 0 of 4"))
            #expect(try await pairs(ceph, "prune-denied") == before)
        }
    }
}
