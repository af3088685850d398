import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// A server that answers wrongly in the middle of a listing: nothing is printed that could be
    /// taken for a plan, and the exit code says why.
    @Suite("a listing that fails on the way")
    struct FaultyListingTests {
        private static let versioning = Array(
            "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>".utf8)

        private static func page(_ key: String, next: String?) -> [UInt8] {
            let markers = next.map {
                "<NextKeyMarker>\($0)</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>"
            }
            return Array(
                """
                <ListVersionsResult><Name>faulty</Name><Prefix/><KeyMarker/><VersionIdMarker/>\
                \(markers ?? "")<IsTruncated>\(next != nil)</IsTruncated><Version>\
                <Key>\(key)</Key><VersionId>1</VersionId><IsLatest>true</IsLatest>\
                <LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"e"</ETag>\
                <Size>10</Size></Version></ListVersionsResult>
                """.utf8)
        }

        struct Fault: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var replies: @Sendable () -> [FaultServer.Reply]
            var status: Int32
            var says: String
        }

        static let faults: [Fault] = [
            Fault(
                testDescription: "500 for ever",
                replies: { Array(repeating: .error(500, "InternalError"), count: 20) },
                status: 75, says: "InternalError"),
            Fault(
                testDescription: "cut in the middle, for ever",
                replies: {
                    (0..<20).map { _ in
                        var reply = FaultServer.Reply(200, page("m", next: nil))
                        reply.course = .cut(after: 100)
                        return reply
                    }
                }, status: 75, says: "ListObjectVersions"),
            Fault(
                testDescription: "HTML instead of XML",
                replies: {
                    Array(
                        repeating: FaultServer.Reply(200, Array("<html>hi</html>".utf8)),
                        count: 20)
                }, status: 1, says: "ListObjectVersions"),
            Fault(
                testDescription: "a marker that does not move",
                replies: { [FaultServer.Reply(200, page("a", next: "a"))] },
                status: 1, says: "twice"),
            Fault(
                testDescription: "a key that steps back",
                replies: { [FaultServer.Reply(200, page("A", next: nil))] },
                status: 1, says: "comes after"),
            Fault(
                testDescription: "403 on the second page",
                replies: { [.error(403, "AccessDenied")] }, status: 77, says: "AccessDenied"),
        ]

        @Test("prints no plan and says what failed", arguments: faults)
        func fails(_ fault: Fault) async throws {
            let first = FaultServer.Reply(200, Self.page("a", next: "a"))
            let server = try FaultServer(
                [FaultServer.Reply(200, Self.versioning), first] + fault.replies())
            defer { server.stop() }
            let program = try Program()
            let outcome = try await run(program, server)
            #expect(Int32(outcome.status) == fault.status, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.contains(fault.says), "\(outcome.errorText)")
        }

        @Test("goes on after an empty truncated page, and after a passing error")
        func goesOn() async throws {
            let empty = Array(
                """
                <ListVersionsResult><Name>faulty</Name><Prefix/><KeyMarker/><VersionIdMarker/>\
                <NextKeyMarker>b</NextKeyMarker><NextVersionIdMarker>2</NextVersionIdMarker>\
                <IsTruncated>true</IsTruncated></ListVersionsResult>
                """.utf8)
            let server = try FaultServer([
                FaultServer.Reply(200, Self.versioning),
                FaultServer.Reply(200, Self.page("a", next: "a")),
                .error(503, "SlowDown"), FaultServer.Reply(200, empty),
                FaultServer.Reply(200, Self.page("z", next: nil)),
            ])
            defer { server.stop() }
            let program = try Program()
            let outcome = try await run(program, server)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.text.contains("2 versions"))
            let last = try #require(server.requests.last)
            #expect(last.query["key-marker"] == "b")
            #expect(last.query["version-id-marker"] == "2")
        }

        @Test("counts ages from the local clock where answers have no Date, and says so")
        func noDate() async throws {
            let server = try FaultServer([
                FaultServer.Reply(200, Self.versioning),
                FaultServer.Reply(200, Self.page("a", next: nil), headers: [("Date", "")]),
            ])
            defer { server.stop() }
            let outcome = try await run(try Program(), server)
            #expect(outcome.status == 6, "\(outcome.errorText)")
            #expect(outcome.text.contains("no Date header"))
        }

        private func run(_ program: Program, _ server: FaultServer) async throws -> Command.Outcome
        {
            var program = program
            program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
            program.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
            program.environment["AWS_MAX_ATTEMPTS"] = "3"
            let policy = try program.policy("version: 1\nbucket: faulty\nkeep: { daily: 3 }\n")
            return try await program.s3prune(
                ["--policy", policy, "--endpoint-url", server.url, "--region", "us-east-1"])
        }
    }
}
