import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// A rule of the bucket's own lifecycle deletes while a program is at work. The rule is real, and
    /// so is what carries it out: `radosgw-admin lc process`, when the test says so.
    @Suite(
        "a lifecycle rule that deletes under a program's feet",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct CephLifecycleTests {
        let ceph: TestServer
        /// Of the buckets that have rules Ceph 16 only ever takes the first by name, in each of the
        /// few lists that it keeps of them: this one is before all others, and those before it.
        let bucket = String(
            format: "0-%015lld-lifecycle",
            999_999_999_999_999 - Int64(Date().timeIntervalSince1970 * 1000))

        init() throws { ceph = try #require(TestServer.ceph) }

        /// Days of this clock take a second (see `process`): sixty real ones, and one second.
        private static let rules = """
            [{"ID": "expires", "Status": "Enabled", "Filter": {"Prefix": ""},
              "NoncurrentVersionExpiration": {"NoncurrentDays": \(60 * 86_400)},
              "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]
            """

        /// What carries out the rules. Ceph does so once a day, unless a day is shortened.
        private func process() -> Command {
            Command(
                program: "/usr/bin/radosgw-admin",
                arguments: ["lc", "process", "--rgw-lc-debug-interval", "1"],
                environment: ["CEPH_CONF": ceph["CONF"], "PATH": "/usr/bin:/bin"])
        }

        private func expire() async throws {
            let outcome = try await process().run()
            try #require(outcome.status == 0, "\(outcome.errorText)")
        }

        /// 200 nights of two keys, of which the rule leaves about sixty each.
        private func loadNights() async throws {
            try await ceph.load(bucket, NightlyBackups(keys: ["a", "b"], nights: 200).plan)
            try await ceph.setLifecycle(Self.rules, of: bucket)
        }

        /// Keeps nights that the rule does not: months that are over hold one each.
        private func policy(_ program: Program) throws -> String {
            try program.policy(
                """
                version: 1
                bucket: \(bucket)
                min-age: 0
                min-versions: 1
                keep-oldest: false
                limits: { max-delete: 100% }
                keep: { daily: 7, monthly: 6 }
                """)
        }

        private func ids() async throws -> Set<String> {
            let listed = try await ceph.python(
                """
                pages = test_servers.client("ceph").get_paginator("list_object_versions")
                for page in pages.paginate(Bucket="\(bucket)"):
                    for each in page.get("Versions", []) + page.get("DeleteMarkers", []):
                        print(each["VersionId"])
                """)
            return Set(listed.lines.map(String.init))
        }

        /// Of all versions those that neither the plan deletes nor the rule has: what must be left.
        private func expectSurvivors(
            _ plan: Plan, sourceLocation: SourceLocation = #_sourceLocation
        )
            async throws
        {
            let cut = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: -62 * 86_400))
            let kept = plan.versions.filter { $0.action == "keep" && !$0.delete_marker }
            let young = kept.filter { $0.last_modified > cut }
            #expect(young.count >= 14 && kept.count > young.count, sourceLocation: sourceLocation)
            #expect(
                try await ids().isSuperset(of: young.map(\.version_id)),
                sourceLocation: sourceLocation)
        }

        @Test("between plan and apply: the plan deletes what is still there, and nothing else")
        func betweenPlanAndApply() async throws {
            try await loadNights()
            let program = try Program(at: ceph, as: "pruner")
            let policy = try policy(program)
            let path = program.home.path("plan")
            let planned = try await program.s3prune(["--policy", policy, "--plan-out", path])
            #expect(planned.status == 0, "\(planned.errorText)")
            let text = String(decoding: try program.home.read("plan"), as: UTF8.self)
            let plan = try Plan(Command.Outcome(status: 0, output: Array(text.utf8), errors: []))

            try await expire()
            let between = try await ids()
            let outcome = try await program.s3prune(["apply", path, "--yes", "--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            // What the rule has taken may have held a slot that a planned version holds now.
            let doomed = Set(plan.versions.filter { $0.action == "delete" }.map(\.version_id))
            let deleted = between.subtracting(try await ids())
            #expect(deleted.isSubset(of: doomed) && deleted.count > 50)
            #expect(between.intersection(doomed).subtracting(deleted).count < 10)
            let last = try #require(outcome.lines.last)
            #expect(last.contains("\"deleted\":\(deleted.count),"), "\(last)")
            try await expectSurvivors(plan)
        }

        @Test("between listing and deletion: what is gone already is no error")
        func betweenListingAndDeletion() async throws {
            try await loadNights()
            let program = try Program(at: ceph, as: "pruner")
            let policy = try policy(program)
            let plan = try await Plan(program.dryRun(policy))
            // The rule is carried out while the question stands.
            let script = """
                import os, pty, subprocess, sys
                process, terminal = pty.fork()
                if process == 0:
                    os.execv(sys.argv[1], [sys.argv[1], "--apply", "--policy", sys.argv[2]])
                shown, answered = b"", False
                while True:
                    try:
                        data = os.read(terminal, 4096)
                    except OSError:
                        break
                    shown += data
                    if not answered and b"[y/N] " in shown:
                        answered = True
                        subprocess.run(sys.argv[4:], env={"CEPH_CONF": sys.argv[3]}, check=True)
                        os.write(terminal, b"y\\n")
                sys.stdout.buffer.write(shown)
                sys.stdout.flush()
                sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) if answered else 99)
                """
            let rule = process()
            let outcome = try await program.run(
                "/usr/bin/python3",
                ["-c", script, "\(Places.products)/s3prune", policy, ceph["CONF"], rule.program]
                    + rule.arguments)
            #expect(outcome.status == 0, "\(outcome.text)\(outcome.errorText)")
            let doomed = plan.versions.filter { $0.action == "delete" }
            #expect(outcome.text.contains("deleted \(doomed.count) "), "\(outcome.text)")
            #expect(try await ids().isDisjoint(with: doomed.map(\.version_id)))
            try await expectSurvivors(plan)
        }

        @Test("while it lists and deletes: nothing that the plan keeps goes but by the rule")
        func meanwhile() async throws {
            try await loadNights()
            let program = try Program(at: ceph, as: "pruner")
            let policy = try policy(program)
            let plan = try await Plan(program.dryRun(policy))
            let command = program.command(
                ["--apply", "--yes", "--concurrency", "1", "--policy", policy])
            async let rule = process().run()
            async let pruned = command.run()
            let (carriedOut, outcome) = try await (rule, pruned)
            #expect(carriedOut.status == 0, "\(carriedOut.errorText)")
            #expect(outcome.status == 0, "\(outcome.errorText)")
            try await expectSurvivors(plan)
            let again = try await program.s3prune(["--apply", "--yes", "--policy", policy])
            #expect(again.status == 0, "\(again.errorText)")
            try await expectSurvivors(plan)
        }

        @Test("while a pinned version is read: no end of it, and the error says so")
        func restore() async throws {
            let program = try Program(at: ceph)
            let large = program.home.path("large")
            // More than is fetched ahead and fits into a pipe.
            _ = try await program.run("truncate", ["-s", "96M", large])
            try await ceph.load(
                bucket,
                ["2026-03-01T01:00:00Z\tfile\tk\t\(large)", "2026-03-02T01:00:00Z\tput\tk\t5"])
            try await ceph.setLifecycle(Self.rules, of: bucket)
            let listed = try await ceph.python(
                """
                found = test_servers.client("ceph").list_object_versions(Bucket="\(bucket)")
                print(found["Versions"][1]["VersionId"])
                """)
            let version = try #require(listed.lines.first.map(String.init))
            let script = """
                import subprocess, sys
                restore = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE)
                count = len(restore.stdout.read(100))
                subprocess.run(
                    ["/usr/bin/radosgw-admin", "lc", "process", "--rgw-lc-debug-interval", "1"],
                    env={"CEPH_CONF": sys.argv[1]}, check=True)
                while data := restore.stdout.read(1 << 20): count += len(data)
                print(count)
                sys.exit(restore.wait())
                """
            let words = [
                "restore", "s3://\(bucket)/k", "--version-id", version, "--raw", "--output",
            ]
            let outcome = try await program.run(
                "/usr/bin/python3",
                ["-c", script, ceph["CONF"], "\(Places.products)/backup"] + words
                    + ["-"])
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("404") || outcome.errorText.contains("NoSuch"))
            let count = try #require(
                Int(outcome.text.trimmingCharacters(in: .whitespacesAndNewlines)))
            #expect(count < 96 << 20)

            let file = program.home.path("restored")
            let gone = try await program.backup(words + [file])
            #expect(gone.status == 1, "\(gone.errorText)")
            #expect(!FileManager.default.fileExists(atPath: file))
            #expect(try await ceph.versions(in: bucket).count == 1)
        }

        @Test(
            "what aborts an upload in the middle fails it, and nothing is stored",
            arguments: ["a part", "its completion"])
        func upload(next: String) async throws {
            let pair = try await KeyPair.shared.value
            try await ceph.load(bucket, [])
            try await ceph.setLifecycle(Self.rules, of: bucket)
            let program = try Program(at: ceph, as: "uploader")
            let go = program.home.path("go")
            let rest = next == "a part" ? "; head -c 12M /dev/urandom" : ""
            let producer =
                "head -c 12M /dev/urandom; while [ ! -e \(go) ]; do sleep 0.1; done\(rest)"
            let command = Command(
                program: "\(Places.products)/backup",
                arguments: [
                    "upload", "s3://\(bucket)/k", "--recipient", pair.publicKey("curve"),
                    "--compression", "none", "--part-size", "5MiB", "--", "sh", "-c", producer,
                ], environment: program.environment)
            async let uploading = command.run()
            for isOpen in [true, false] {
                var turns = 0
                while try await ceph.uploads(in: bucket).isEmpty == isOpen, turns < 100 {
                    turns += 1
                    if isOpen { continue }
                    let rule = try await process().run()
                    try #require(rule.status == 0, "\(rule.errorText)")
                }
            }
            #expect(try await ceph.uploads(in: bucket).isEmpty)
            _ = try program.home.write("go", "")
            let outcome = try await uploading
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("NoSuchUpload"), "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(try await ceph.versions(in: bucket).isEmpty)
            #expect(try await ceph.uploads(in: bucket).isEmpty)
        }
    }
}
