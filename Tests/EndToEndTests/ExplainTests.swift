import Foundation
import Testing

/// The lines of `explain --format json`.
private struct Explanation {
    let first: First
    /// As in the lines of a plan.
    let versions: [String]
    let others: [String]

    struct First: Decodable {
        var schema: String
        var key: String
        var policy: String
        var rule: String?
        var glob: String?
        var endpoint: String?
    }

    init(_ outcome: Command.Outcome) throws {
        let lines = outcome.lines.map(String.init)
        first = try JSONDecoder().decode(
            First.self, from: Data(try #require(lines.first, "\(outcome.errorText)").utf8))
        versions = lines.filter { $0.hasPrefix(#"{"type":"version""#) }
        others = lines.dropFirst().filter { !$0.hasPrefix(#"{"type":"version""#) }
    }
}

extension EndToEnd {
    @Suite("s3prune explain on a saved listing")
    struct ExplainTests {
        static let listing = "\(Places.repository)/fixtures/listings/acme-backups"
        static let policy = "\(Places.repository)/policies/acme-backups.yaml"
        static let offline = ["--listing", listing, "--now", "2026-11-23T03:00:00Z"]

        @Test("says of every key what the plan says")
        func samePlan() async throws {
            let program = try Program()
            let plan = try Plan(
                try await program.s3prune(
                    ["--format", "json", "--policy", Self.policy] + Self.offline))
            let keys = Set(plan.versions.map(\.key))
            #expect(keys.count == 19)
            for key in keys {
                let outcome = try await program.s3prune(
                    ["explain", "s3://acme-backups/\(key)", "--format", "json"]
                        + ["--policy", Self.policy] + Self.offline)
                let problems = plan.problems.filter { $0.key == key }.count
                #expect(outcome.status == (problems > 0 ? 6 : 0), "\(outcome.errorText)")
                let explanation = try Explanation(outcome)
                #expect(explanation.first.key == key)
                #expect(explanation.others.count == problems + 1)
                let planned = plan.lines.filter {
                    $0.hasPrefix(#"{"type":"version","key":"\#(key)","#)
                }
                #expect(Set(explanation.versions) == Set(planned))
                #expect(explanation.versions.count == planned.count)
            }
        }

        @Test(
            "fits eighty columns and gives each version its line",
            arguments: [
                ("db/alba/shop.sql.gz.gpg", 1095), ("home/egil.tar.gz.gpg", 244),
                ("db/scratch/import-test.sql.gz.gpg", 14),
            ])
        func text(key: String, versions: Int) async throws {
            let outcome = try await Program().s3prune(
                ["explain", "s3://acme-backups/\(key)", "--policy", Self.policy] + Self.offline)
            #expect(outcome.lines.first == "s3://acme-backups/\(key)")
            #expect(outcome.lines.allSatisfy { $0.count <= 80 })
            let rows = outcome.text.matches(of: /(?m)^[* ] \d{4}-\d\d-\d\d \d\d:\d\d .{9,}/)
            #expect(rows.count == versions)
            #expect(rows.count { $0.output.hasPrefix("* ") } == 1)
        }

        @Test("takes the policy whose bucket and prefix the key has")
        func policies() async throws {
            let program = try Program()
            let head = "version: 1\nkeep: { daily: 1 }\n"
            let part = try program.policy(head + "bucket: s3://acme-backups/db/\n", name: "db.yaml")
            let rest = try program.policy(
                head + "bucket: s3://acme-backups/etc/\n", name: "etc.yaml")
            let other = try program.policy(head + "bucket: other-bucket\n", name: "other.yaml")
            let all = [part, rest, other].flatMap { ["--policy", $0] }
            let server = SavedListing(
                bucket: "acme-backups",
                entries: [
                    .init(key: "etc/a", versionID: "1"), .init(key: "etc/a.gz", versionID: "2"),
                ])
            let pages = try program.home.write("page.xml", server.xml)
            let options = all + ["--listing", pages, "--now", "2026-11-23T03:00:00Z"]
            let outcome = try await program.s3prune(
                ["explain", "s3://acme-backups/etc/a", "--format", "json"] + options)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let explanation = try Explanation(outcome)
            #expect(explanation.first.policy == rest)
            #expect(explanation.first.glob == "**")
            #expect(explanation.versions.count == 1)

            let none = try await program.s3prune(["explain", "s3://acme-backups/home"] + options)
            #expect(none.status == 78)
            #expect(none.errorText.contains("no policy is responsible for s3://acme-backups/home"))
            #expect(none.errorText.contains("\(rest) is about s3://acme-backups/etc/"))
        }

        @Test("a key without versions is an error that names the next longer one")
        func notFound() async throws {
            let outcome = try await Program().s3prune(
                ["explain", "s3://acme-backups/db/alba", "--policy", Self.policy] + Self.offline)
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            #expect(
                outcome.errorText.hasPrefix(
                    "s3prune: error: s3://acme-backups/db/alba has no versions\n"))
            #expect(outcome.errorText.contains("begins so is s3://acme-backups/db/alba/shop"))
        }

        @Test(
            "is a usage error without a key, a scheme or a time",
            arguments: [
                ["explain"], ["explain", "s3://acme-backups"], ["explain", "acme-backups/db"],
                ["explain", "s3://acme-backups/a", "--listing", "x"],
                ["explain", "s3://acme-backups/a", "--format", "csv"],
                ["explain", "s3://acme-backups/a", "--now", "today"],
            ])
        func usage(arguments: [String]) async throws {
            let outcome = try await Program().s3prune(arguments)
            #expect(outcome.status == 64, "\(outcome.errorText)")
        }

        @Test("a key made to deceive is found and harmless in both forms")
        func hostile() async throws {
            let program = try Program()
            let keys = HostileNameTests.keys.filter { !$0.contains("\u{0}") }
            let page = try program.home.write("page.xml", HostileNameTests.listing.xml)
            let policy = try program.policy(HostileNameTests.policy)
            for key in keys {
                for format in ["text", "json"] {
                    let outcome = try await program.s3prune([
                        "explain", "s3://hostile/\(key)", "--format", format, "--policy", policy,
                        "--listing", page, "--now", "2026-11-23T03:00:00Z",
                    ])
                    #expect([0, 6].contains(outcome.status), "\(outcome.errorText)")
                    expectHarmless(outcome.output)
                    expectHarmless(outcome.errors)
                    if format == "json" {
                        #expect(try Explanation(outcome).first.key == key)
                    }
                }
            }
        }
    }
}

extension EndToEnd.WithCeph {
    @Suite(
        "s3prune explain on a Ceph RADOS Gateway",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct CephExplainTests {
        let ceph: TestServer

        static let keys = ["db/a", "db/a b+c%é.gz", "db/a.gz", "db/a/b", "db/ab"]

        static let loaded = Task {
            try await TestServer.ceph?.load(
                "explained", NightlyBackups(keys: keys, nights: 40).plan)
            return "explained"
        }

        init() async throws {
            ceph = try #require(TestServer.ceph)
            _ = try await Self.loaded.value
        }

        @Test("explains exactly the key, as the plan does", arguments: keys)
        func exactKey(key: String) async throws {
            let program = try Program(at: ceph, as: "pruner")
            let policy = try program.policy(
                "version: 1\nbucket: explained\nkeep: { daily: 7, monthly: 2 }\n")
            let plan = try Plan(try await program.dryRun(policy))
            let outcome = try await program.s3prune([
                "explain", "s3://explained/\(key)", "--format", "json", "--policy", policy,
                "--now", plan.header.now,
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let explanation = try Explanation(outcome)
            #expect(explanation.first.endpoint?.hasPrefix(ceph.endpoint) == true)
            #expect(explanation.versions.count == 40)
            #expect(
                explanation.versions
                    == plan.lines.filter { $0.hasPrefix(#"{"type":"version","key":"\#(key)","#) })
        }

        @Test("a key that is not there is told from those that begin with it")
        func notFound() async throws {
            let program = try Program(at: ceph, as: "pruner")
            let policy = try program.policy("version: 1\nbucket: explained\nkeep: all\n")
            for (key, next) in [("db/", "db/a"), ("db/a.g", "db/a.gz")] {
                let outcome = try await program.s3prune([
                    "explain", "s3://explained/\(key)", "--policy", policy,
                ])
                #expect(outcome.status == 1)
                #expect(outcome.errorText.contains("s3://explained/\(key) has no versions"))
                #expect(outcome.errorText.contains("begins so is s3://explained/\(next)\n"))
            }
        }
    }
}
