import FaultServer
import Foundation
import Testing

/// A line of `backup list --format json`.
private struct Line: Decodable, Equatable {
    var key: String
    var version_id: String
    var last_modified: String
    var age_seconds: Int
    var size: Int64
    var etag: String?
    var is_latest: Bool
    var delete_marker: Bool

    static func all(_ outcome: Command.Outcome) throws -> [Line] {
        try outcome.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }
}

extension EndToEnd.WithCeph {
    @Suite(
        "backup list",
        .enabled(if: TestServer.ceph != nil && TestServer.moto != nil, TestServer.howToStart))
    struct BackupListTests {
        static let plan = [
            "2026-11-18T01:00:00Z\tput\tdb/a b+%25%C3%A9.gpg\t100",
            "2026-11-19T01:00:00Z\tput\tdb/a b+%25%C3%A9.gpg\t200",
            "2026-11-18T01:00:00Z\tput\tdb/gone.gpg\t300",
            "2026-11-20T01:00:00Z\tdelete\tdb/gone.gpg",
            "2026-11-21T01:00:00Z\tput\tetc/other.gpg\t400",
        ].map { $0.replacing("a b+", with: "a%20b%2B") }
        static let key = "db/a b+%é.gpg"

        private func list(
            at server: Server, _ options: [String]
        ) async throws -> Command.Outcome {
            let server = try #require(server.started)
            try await Self.loaded.value
            let outcome = try await Program(at: server).backup(["list"] + options)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            return outcome
        }

        private static let loaded = Task {
            for server in Server.allCases { try await server.started?.load("listed", plan) }
        }

        @Test("shows what is current, and says what a marker hides", arguments: Server.allCases)
        func current(at server: Server) async throws {
            let outcome = try await list(at: server, ["s3://listed/db/", "--format", "json"])
            let lines = try Line.all(outcome)
            #expect(lines.map(\.key) == [Self.key])
            #expect(lines.map(\.size) == [200])
            #expect(lines[0].is_latest && !lines[0].delete_marker)
            #expect(lines[0].last_modified.hasPrefix("2026-11-19T01:00:0"))
            #expect(lines[0].age_seconds > 86_400)
            #expect(outcome.errorText.contains("1 key hidden by a delete marker"))
        }

        @Test("shows every version, newest first, and the markers", arguments: Server.allCases)
        func versions(at server: Server) async throws {
            let outcome = try await list(
                at: server, ["s3://listed", "--versions", "--format", "json"])
            let lines = try Line.all(outcome)
            #expect(
                lines.map(\.key) == [
                    Self.key, Self.key, "db/gone.gpg", "db/gone.gpg", "etc/other.gpg",
                ])
            #expect(lines.map(\.size) == [200, 100, 0, 300, 400])
            #expect(lines.map(\.is_latest) == [true, false, true, false, true])
            #expect(lines.map(\.delete_marker) == [false, false, true, false, false])
            #expect(lines.map { $0.etag == nil } == lines.map(\.delete_marker))
            #expect(Set(lines.map(\.version_id)).count == 5)
        }

        @Test("is a table for people", arguments: Server.allCases)
        func table(at server: Server) async throws {
            let outcome = try await list(at: server, ["s3://listed/", "--versions"])
            let lines = outcome.lines
            #expect(lines[0].hasPrefix("MODIFIED"))
            #expect(lines[0].hasSuffix("KEY"))
            #expect(lines[1].hasSuffix("  \(Self.key)"))
            #expect(lines[1].contains("current"))
            #expect(lines[1].contains("200 B"))
            #expect(lines[3].contains("current marker"))
            #expect(lines.last == "3 keys, 4 versions, 1 delete marker, 1000 B")
        }

        @Test("a prefix without keys is an empty list", arguments: Server.allCases)
        func empty(at server: Server) async throws {
            for format in ["text", "json"] {
                let outcome = try await list(
                    at: server, ["s3://listed/nothing", "--format", format])
                #expect(outcome.output.isEmpty)
                #expect(outcome.errorText.contains("no key that begins with s3://listed/nothing"))
            }
        }

        @Test("needs the right to list, and a bucket")
        func refused() async throws {
            let ceph = try #require(TestServer.ceph)
            _ = try await list(at: .ceph, ["s3://listed"])
            let denied = try await Program(at: ceph, as: "uploader").backup([
                "list", "s3://listed", "--debug",
            ])
            #expect(denied.status == 77, "\(denied.errorText)")
            #expect(denied.errorText.contains("error: ListObjectVersions listed: AccessDenied"))
            #expect(!denied.errorText.contains(ceph["UPLOADER_SECRET"]))
            let missing = try await Program(at: ceph).backup(["list", "s3://nowhere"])
            #expect(missing.status == 1)
            #expect(missing.errorText.contains("NoSuchBucket"))
        }

    }
}

extension EndToEnd {
    @Suite("backup list of a hostile bucket")
    struct HostileListTests {
        private func list(_ listing: SavedListing, _ options: [String]) async throws
            -> Command.Outcome
        {
            let page = Array(listing.xml.utf8)
            let server = try FaultServer { _ in FaultServer.Reply(200, page) }
            defer { server.stop() }
            var program = try Program()
            program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            program.environment["AWS_ACCESS_KEY_ID"] = "key"
            program.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
            return try await program.backup(["list", "s3://hostile", "--versions"] + options)
        }

        @Test("prints nothing that a terminal obeys, and one line for a version")
        func names() async throws {
            let listing = HostileNameTests.listing
            for format in ["text", "json"] {
                let outcome = try await list(listing, ["--format", format])
                #expect(outcome.status == 0, "\(outcome.errorText)")
                expectHarmless(outcome.output)
                // A table has a head and a line of totals.
                let count = listing.entries.count + (format == "text" ? 2 : 0)
                #expect(outcome.lines.count == count)
            }
        }

        @Test("says which key has no current version")
        func noCurrent() async throws {
            let listing = SavedListing(entries: [
                .init(key: "a\u{1B}", versionID: "1", isLatest: false)
            ])
            let outcome = try await list(listing, [])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("calls 0 versions of a key current: a\\x1b"))
        }

        @Test("a listing that names another bucket is no list")
        func otherBucket() async throws {
            let outcome = try await list(
                SavedListing(bucket: "other", entries: [.init(key: "a", versionID: "1")]), [])
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
        }
    }
}
