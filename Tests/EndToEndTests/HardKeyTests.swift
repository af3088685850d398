import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// A server, as an argument of a test.
    enum Server: CaseIterable {
        case ceph, moto

        var started: TestServer? { self == .ceph ? .ceph : .moto }
    }

    @Suite(
        "keys that servers encode, or do not",
        .enabled(if: TestServer.ceph != nil && TestServer.moto != nil, TestServer.howToStart))
    struct HardKeyTests {
        static let keys = [
            "a b", "a+b", "a%20b", "a%2Bb", "100%", "é", "e\u{301}", "💾", "a&b<c>\"d\"'e'", "a//b",
            "?versions", "#", "a\\b", "~", "[x]{y}", "*",
        ]
        /// XML cannot write these, and not every server encodes them.
        static let controls = ["tab\there", "new\nline", "return\rhome", "bell\u{7}", "del\u{7F}"]

        @Test("come back byte for byte", arguments: Server.allCases)
        func roundTrip(at server: Server) async throws {
            let server = try #require(server.started)
            // moto writes control characters as they are, into XML that no parser takes.
            let keys = Self.keys + (server.name == "ceph" ? Self.controls : [])
            try await server.load(
                "hard-keys", keys.map { "2026-11-20T01:05:00Z\tput\t\(encoded($0))\t9" })
            let outcome = try await dryRun(at: server, bucket: "hard-keys")
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let listed = try Plan(outcome).versions.map { Array($0.key.utf8) }
            let expected = keys.map { Array($0.utf8) }
            #expect(Set(listed) == Set(expected))
            #expect(listed.count == expected.count)
        }

        /// Ceph encodes keys but not the marker that names the next page's first: a client that
        /// decodes both asks for the same page for ever.
        @Test("lead from page to page", arguments: Server.allCases)
        func paging(at server: Server) async throws {
            let server = try #require(server.started)
            let key = "db/100% a+b é%2B.gpg"
            let backups = NightlyBackups(keys: [key], nights: 1050)
            try await server.load("long-history", backups.plan)
            let outcome = try await dryRun(at: server, bucket: "long-history")
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let plan = try Plan(outcome)
            #expect(plan.versions.count == backups.plan.count)
            #expect(Set(plan.versions.map(\.version_id)).count == backups.plan.count)
            #expect(plan.versions.allSatisfy { $0.key == key })
        }

        private func dryRun(at server: TestServer, bucket: String) async throws -> Command.Outcome {
            let program = try Program(at: server)
            let policy = try program.policy(
                """
                version: 1
                bucket: \(bucket)
                limits: { max-delete: 100% }
                keep: { daily: 14 }
                """)
            return try await program.dryRun(policy)
        }
    }
}
