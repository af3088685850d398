import Foundation
import Testing

extension EndToEnd.WithCeph {
    @Suite(
        "s3prune --dry-run on a Ceph RADOS Gateway",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct CephDryRunTests {
        let ceph: TestServer
        let bucket: String

        static let backups = NightlyBackups(
            keys: ["db/shop.sql.gz.gpg", "db/wiki é.sql.gz.gpg", "etc/alba.tar.gz.gpg"],
            nights: 1096)

        /// Loaded once for the suite: 3,288 versions and 30 markers.
        static let nightly = Task {
            try await TestServer.ceph?.load("nightly", backups.plan)
            return "nightly"
        }

        static let policy = """
            version: 1
            bucket: nightly
            timezone: Europe/Berlin
            min-age: 7d
            limits: { max-delete: 100% }
            rules:
              - name: databases
                match: "db/**"
                keep: { last: 3, daily: 14, weekly: 8, monthly: 24, yearly: all }
              - name: settings
                match: "etc/*"
                keep: { weekly: 5 }
            """

        init() async throws {
            ceph = try #require(TestServer.ceph)
            bucket = try await Self.nightly.value
        }

        @Test("gives the plan that a listing saved by boto3 gives offline, and deletes nothing")
        func samePlanAsOffline() async throws {
            let saved = try Scratch()
            let pages = try await ceph.saveListing(bucket, to: saved.path("before"))
            #expect(pages > 3)

            let program = try Program(at: ceph, as: "pruner")
            let policy = try program.policy(Self.policy)
            let outcome = try await program.dryRun(policy)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let online = try Plan(outcome)
            #expect(online.header.bucket == bucket)
            #expect(online.header.endpoint?.hasPrefix(ceph.endpoint) == true)

            let alone = try Program()
            let offline = try await Plan(
                alone.dryRun(
                    policy, ["--listing", saved.path("before"), "--now", online.header.now]))
            #expect(offline.body == online.body)

            #expect(try await ceph.saveListing(bucket, to: saved.path("after")) == pages)
            for page in 1...pages {
                let name = String(format: "page-%04d.xml", page)
                #expect(try saved.read("before/\(name)") == saved.read("after/\(name)"))
            }
        }

        @Test("counts what was loaded, and keeps what the rules say")
        func countsAndSlots() async throws {
            let program = try Program(at: ceph, as: "pruner")
            let plan = try await Plan(program.dryRun(program.policy(Self.policy)))
            #expect(plan.summary.keys == 3)
            #expect(plan.summary.versions == Self.backups.plan.count)
            #expect(plan.summary.versions == plan.versions.count)
            #expect(plan.summary.delete > 2_900)
            #expect(plan.summary.hold == 0)
            for key in Self.backups.keys {
                let versions = plan.versions.filter { $0.key == key }
                let isDatabase = key.hasPrefix("db/")
                #expect(versions.count { $0.isKept(by: "daily") } == (isDatabase ? 14 : 0))
                #expect(versions.count { $0.isKept(by: "weekly") } == (isDatabase ? 8 : 5))
                #expect(versions.count { $0.isKept(by: "monthly") } == (isDatabase ? 24 : 0))
                #expect(versions.count { $0.isKept(by: "current") } == 1)
                #expect(versions.first?.is_latest == true)
                #expect(versions.count { $0.delete_marker } == 10)
            }
        }

        /// The ways to the gateway besides plain http to its address.
        static let ways: [(endpoint: String, options: [String])] = [
            ("TLS_ENDPOINT", []), ("VHOST_ENDPOINT", ["--addressing-style", "virtual"]),
            ("VHOST_ENDPOINT", ["--addressing-style", "path"]),
        ]

        @Test(
            "is the same over https with --ca-bundle, by path and by virtual host", arguments: ways)
        func https(way: (endpoint: String, options: [String])) async throws {
            let plain = try Program(at: ceph, as: "pruner")
            let expected = try await Plan(plain.dryRun(plain.policy(Self.policy)))
            let tls = try Program(at: ceph, as: "pruner", endpoint: ceph[way.endpoint])
            let outcome = try await tls.dryRun(
                tls.policy(Self.policy),
                ["--ca-bundle", ceph["CA_BUNDLE"], "--now", expected.header.now] + way.options)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try Plan(outcome).body == expected.body)
        }

        @Test("over https is refused without --ca-bundle or with another authority")
        func untrusted() async throws {
            let tls = try Program(at: ceph, as: "pruner", endpoint: ceph["TLS_ENDPOINT"])
            let policy = try tls.policy(Self.policy)
            for options in [[], ["--ca-bundle", ceph["OTHER_CA_BUNDLE"]]] {
                let outcome = try await tls.dryRun(policy, options)
                #expect(outcome.status == 1, "\(outcome.errorText)")
                #expect(outcome.output.isEmpty)
                #expect(outcome.errorText.contains("certificate"))
            }
        }

        @Test("prints a nightly report of at most 80 columns")
        func textReport() async throws {
            let program = try Program(at: ceph, as: "pruner")
            let outcome = try await program.s3prune(["--policy", program.policy(Self.policy)])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.lines.first?.contains(bucket) == true)
            #expect(outcome.lines.allSatisfy { $0.count <= 80 })
            #expect(outcome.errors.isEmpty)
        }
    }
}
