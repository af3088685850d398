import CivilTime
import Console
import Foundation
import PolicyFile
import Retention
import S3
import Testing

@testable import Pruning

/// Keeps what a plan says, for tests to look at.
private final class RecordingSink: PlanSink {
    var actions: [String: [String]] = [:]
    var problems: [Problem] = []
    var summary: PlanSummary?

    func begin(_ header: PlanHeader) throws {}

    func add(_ key: KeyPlan) throws {
        let name = String(decoding: key.key, as: UTF8.self)
        actions[name] = (0..<key.versions.count).map { index in
            let decision = key.decision(at: index)
            #expect(decision.action == key.action(at: index))
            return "\(decision.action) "
                + decision.reasons.map(\.code.rawValue).joined(separator: "+")
        }
        problems += key.problems
    }

    func add(_ problem: Problem) throws { problems.append(problem) }
    func end(_ summary: PlanSummary) throws { self.summary = summary }
}

/// Pages that are handed out one after the other.
private struct Pages: PageSource {
    var pages: ArraySlice<VersionPage>
    mutating func nextPage() -> VersionPage? { pages.popFirst() }
}

@Suite struct PlannerTests {
    private static let now = Timestamp(rfc3339: "2026-06-30T12:00:00Z")!

    /// `count` nightly versions of a key, the newest of 29 June.
    private func nights(_ key: String, _ count: Int, latest: Bool = true) -> String {
        (0..<count).map { night in
            let time = Self.now.advanced(bySeconds: Int64(-86_400 * (night + 1))).rfc3339
            return """
                <Version><Key>\(key)</Key><VersionId>\(key)-\(night)</VersionId>\
                <IsLatest>\(latest && night == 0)</IsLatest><LastModified>\(time)</LastModified>\
                <ETag>"e"</ETag><Size>1000</Size></Version>
                """
        }.joined()
    }

    private func page(_ entries: String) throws -> VersionPage {
        try VersionPageParser().parse(
            Array(
                "<ListVersionsResult><Name>b</Name><IsTruncated>false</IsTruncated>\(entries)</ListVersionsResult>"
                    .utf8))
    }

    private func plan(
        _ policy: String, _ pages: [String], expectedDeletes: Int? = nil
    ) throws -> RecordingSink {
        let text = "version: 1\nbucket: bucket\nmin-age: 0\nmin-versions: 1\n" + policy
        let (policy, _) = try Policy.load(bytes: Array(text.utf8), path: "p.yaml")
        let sink = RecordingSink()
        var source = Pages(pages: try pages.map(page)[...])
        _ = try PruneRun(policy: policy, sinks: [sink], expectedDeletes: expectedDeletes)
            .plan(&source) { _ in
                PlanHeader(
                    bucket: policy.bucket, prefix: policy.prefix, endpoint: nil, policy: "p.yaml",
                    policySHA256: "", now: Self.now, timezone: policy.timezone,
                    calendar: policy.calendar, ruleNames: policy.rules.map { $0.rule.name ?? "" },
                    isOffline: true)
            }
        return sink
    }

    @Test("a key that goes on over the page is one key")
    func acrossPages() throws {
        let sink = try plan("keep: { daily: 2 }\n", [nights("a", 2), nights("b", 1)])
        #expect(sink.summary?.totals.keys == 2)
        #expect(sink.actions["a"] == ["keep current+min-versions+daily", "keep daily"])
    }

    @Test("a pin holds on a key that no rule takes, and one whose version is gone is reported")
    func pinOfUnmatched() throws {
        let rules = "rules: [{ match: \"db/**\", keep: { daily: 2 } }]\n"
        let pin = "pins: [{ key: other, version-id: other-1, why: w }]\n"
        #expect(try plan(rules + pin, [nights("other", 3)]).problems.isEmpty)
        let gone = try plan(rules + pin, [nights("other", 1)])
        #expect(gone.problems.map(\.code) == [.pin])
    }

    @Test("a plan that deletes more of a rule than max-delete is refused, unless it is expected")
    func maxDelete() throws {
        let sink = try plan("keep: { daily: 2 }\n", [nights("a", 200)])
        #expect(sink.summary?.totals.delete == 198)
        #expect(sink.summary?.refused != nil)
        #expect(sink.problems.map(\.code) == [.limit])
        #expect(sink.problems[0].hint.contains("--expect-deletes 198"))
        let expected = try plan("keep: { daily: 2 }\n", [nights("a", 200)], expectedDeletes: 198)
        #expect(expected.summary?.isExpected == true)
        #expect(expected.problems.isEmpty)
    }

    @Test("max-delete is looked at above a hundred deletions only")
    func fewDeletions() throws {
        let sink = try plan("keep: { daily: 2 }\n", [nights("a", 102)])
        #expect(sink.summary?.totals.delete == 100)
        #expect(sink.summary?.refused == nil)
    }

    @Test("max-delete-of-key holds the key and lets the rest go on")
    func maxDeleteOfKey() throws {
        let sink = try plan(
            "keep: { daily: 2 }\nlimits: { max-delete-of-key: 50% }\n",
            [nights("a", 3) + nights("b", 8)])
        #expect(sink.actions["a"]?.last == "delete daily")
        #expect(sink.actions["b"]?.last == "hold limit")
        #expect(sink.problems.map(\.code) == [.limit])
        #expect(sink.summary?.totals.hold == 6)
    }

    @Test(
        "absolute limits are for the whole run",
        arguments: [
            "max-delete-versions: 3", "max-delete-bytes: 3KiB",
        ])
    func absolute(limit: String) throws {
        let sink = try plan(
            "keep: { daily: 1 }\nlimits: { \(limit) }\n", [nights("a", 3) + nights("b", 3)])
        #expect(sink.summary?.refused != nil)
    }

    @Test("a key without a current version is quarantined, and the others go on")
    func quarantine() throws {
        let sink = try plan(
            "keep: { daily: 1 }\n", [nights("a", 3, latest: false) + nights("b", 3)])
        #expect(sink.problems.map(\.code) == [.quarantine])
        #expect(sink.actions["a"]?.contains { $0.hasPrefix("delete") } == false)
        #expect(sink.actions["b"]?.last == "delete daily")
    }

    @Test("a key that no rule matches is kept, and reported where the policy says so")
    func unmatched() throws {
        let policy = "rules: [{ match: 'x', keep: { daily: 1 } }]\nunmatched: error\n"
        let sink = try plan(policy, [nights("a", 2)])
        #expect(sink.actions["a"] == ["keep unmatched", "keep unmatched"])
        #expect(sink.problems.map(\.code) == [.unmatched])
    }

    @Test("a pinned version stays, and a pin without its version is reported")
    func pins() throws {
        let policy = """
            keep: { daily: 1 }
            keep-oldest: false
            pins: [{ key: a, version-id: a-2 }, { key: a, version-id: gone }]
            """
        let sink = try plan(policy, [nights("a", 4)])
        #expect(sink.actions["a"]?[2] == "keep pinned")
        #expect(sink.actions["a"]?[3] == "delete daily")
        #expect(sink.problems.map(\.code) == [.pin])
    }

    @Test("a listing that steps back in key order is refused")
    func order() {
        #expect(throws: (any Error).self) {
            try plan("keep: all\n", [nights("b", 1), nights("a", 1)])
        }
    }

    @Test("a version that is listed twice is refused, also far apart")
    func duplicate() {
        #expect(throws: (any Error).self) {
            try plan("keep: all\n", [nights("a", 3), nights("a", 1)])
        }
    }

    @Test("a key outside the prefix is refused")
    func prefix() throws {
        let text = "version: 1\nbucket: s3://bucket/db/\nkeep: all\n"
        let (policy, _) = try Policy.load(bytes: Array(text.utf8), path: "p.yaml")
        var grouper = KeyGrouper(prefix: policy.prefix, now: Self.now) { _ in }
        #expect(throws: ListingError.self) { try grouper.add(page(nights("etc", 1))) }
    }
}
