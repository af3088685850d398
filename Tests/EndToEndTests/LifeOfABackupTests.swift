import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// Both programs on one bucket: uploaded night after night, pruned, restored.
    @Suite(
        "the life of a backup", .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct LifeOfABackupTests {
        private static let key = "shop/db.sql.gz.gpg"
        private static let nights = 20

        /// Uploads made by the put-only user are fetched as they are stored and put again with the
        /// dates of twenty nights: a server that can only put cannot date its uploads back.
        @Test("uploads that s3prune leaves can be restored, each to its own night")
        func life() async throws {
            let ceph = try #require(TestServer.ceph)
            let pair = try await KeyPair.shared.value
            let scratch = try Scratch()
            var admin = try Program(at: ceph)
            admin.environment["GNUPGHOME"] = pair.home
            let server = try Program(at: ceph, as: "uploader")

            try await ceph.load("life-of-uploads", [])
            let days = (1...Self.nights).map { Self.day(nightsAgo: $0) }
            for day in days {
                try await upload(day, server, pair)
                try await fetch(day, admin, to: scratch)
            }
            try await ceph.load(
                "life-of-versions",
                days.reversed().map { "\($0)T01:05:00Z\tfile\t\(Self.key)\t\(scratch.path($0))" })

            let pruner = try Program(at: ceph, as: "pruner")
            let policy = try pruner.policy(
                """
                version: 1
                bucket: life-of-versions
                min-versions: 1
                min-age: 2d
                limits: { max-delete: 100% }
                keep: { daily: 5, weekly: 2 }
                """)
            let plan = try Plan(await pruner.dryRun(policy))
            let planned = plan.versions.filter { $0.action == "delete" }
            #expect(planned.count >= 10)
            let outcome = try await pruner.s3prune(["--apply", "--yes", "--policy", policy])
            #expect(outcome.status == 0, "\(outcome.errorText)")

            let survivors = plan.versions.filter { $0.action == "keep" }
            #expect(survivors.count == Self.nights - planned.count && survivors.count >= 5)
            for version in survivors {
                let path = scratch.path("restored-\(version.version_id)")
                let restored = try await admin.backup([
                    "restore", "s3://life-of-versions/\(Self.key)", "--version-id",
                    version.version_id, "--output", path,
                ])
                #expect(restored.status == 0, "\(restored.errorText)")
                let text = try String(contentsOfFile: path, encoding: .utf8)
                #expect(text == Self.dump(String(version.last_modified.prefix(10))))
            }
            for version in planned.prefix(2) {
                let gone = try await admin.backup([
                    "restore", "s3://life-of-versions/\(Self.key)", "--version-id",
                    version.version_id, "--output", scratch.path("gone"),
                ])
                #expect(gone.status == 1, "\(gone.errorText)")
            }
        }

        private func upload(_ day: String, _ server: Program, _ pair: KeyPair) async throws {
            let outcome = try await server.backup([
                "upload", "s3://life-of-uploads/\(Self.key)", "--recipient",
                pair.publicKey("curve"), "--", "printf", "%s", Self.dump(day),
            ])
            try #require(outcome.status == 0, "\(outcome.errorText)")
        }

        /// What is stored, byte for byte, in a file named by the day.
        private func fetch(_ day: String, _ admin: Program, to scratch: Scratch) async throws {
            let outcome = try await admin.backup([
                "restore", "s3://life-of-uploads/\(Self.key)", "--raw", "--output",
                scratch.path(day),
            ])
            try #require(outcome.status == 0, "\(outcome.errorText)")
        }

        private static func dump(_ day: String) -> String { "-- the shop on \(day)\n" }

        private static func day(nightsAgo: Int) -> String {
            let date = Date().addingTimeInterval(-86400 * Double(nightsAgo))
            return String(ISO8601DateFormatter().string(from: date).prefix(10))
        }
    }
}
