import CivilTime
import Console
import Foundation
import PolicyFile
import S3
import Testing

@testable import Pruning

/// Counts the pages that are asked for.
private struct CountedPages: PageSource {
    var pages: ArraySlice<VersionPage>
    var asked = 0
    mutating func nextPage() -> VersionPage? {
        asked += 1
        return pages.popFirst()
    }
}

@Suite struct KeyExplanationTests {
    private struct Explained {
        var outcome: KeyExplanation.Outcome
        var asked: Int
        var text: String
    }

    private func explain(
        _ key: String, _ samples: [Sample], policy: String = "keep: { daily: 2 }\n",
        isOffline: Bool = false, asJSON: Bool = false
    ) throws -> Explained {
        let policy = try Sample(policy: policy).loadedPolicy()
        let path = FileManager.default.temporaryDirectory
            .appending(path: "explanation-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = try ByteWriter.file(path)
        let sink: any PlanSink =
            asJSON
            ? ExplanationJSON(policy: policy, output: writer)
            : ExplanationText(policy: policy, output: writer)
        var source = CountedPages(pages: try samples.map { try $0.page() }[...])
        let explanation = KeyExplanation(policy: policy, key: Array(key.utf8))
        let header = Sample().header(of: policy)
        let outcome =
            isOffline
            ? try explanation.ofSavedListing(&source, sink: sink, header: header)
            : try explanation.ofBucket(
                &source, sink: sink, header: { _ in header }, problems: { [] })
        try writer.finish()
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        return Explained(outcome: outcome, asked: source.asked, text: text)
    }

    private func sample(_ keys: (String, Int)...) -> Sample {
        var sample = Sample()
        for (key, nights) in keys { sample.add(key, nights: nights) }
        return sample
    }

    @Test("no page is read beyond the one on which the key ends")
    func stopsEarly() throws {
        let first = sample(("a", 2))
        var more = Sample()
        more.add("a", id: "w", nights: 1, isContinued: true)
        more.add("ab", nights: 1)
        let explained = try explain("a", [first, more, sample(("ac", 1)), sample(("ad", 1))])
        #expect(explained.asked == 2)
        #expect(explained.text.contains("  3 versions, "))
        #expect(!explained.text.contains("ab"))
    }

    @Test("a saved listing is read to its end and refused as for a plan")
    func offline() throws {
        let explained = try explain(
            "b", [sample(("a", 1), ("b", 2)), sample(("c", 1))], isOffline: true)
        #expect(explained.asked == 3)
        #expect(explained.text.contains("  2 versions, "))
        #expect(throws: ListingError.self) {
            try explain("b", [sample(("b", 2)), sample(("a", 1))], isOffline: true)
        }
    }

    @Test("a key that is not there is told from the longer one that is", arguments: [true, false])
    func notFound(isOffline: Bool) throws {
        let explained = try explain(
            "a", [sample(("ab", 1), ("ac", 1))], isOffline: isOffline)
        guard case .notFound(let longer) = explained.outcome else {
            Issue.record("found")
            return
        }
        #expect(longer == Array("ab".utf8))
        #expect(explained.text.isEmpty)
    }

    @Test("the limits of a whole run and the pins of other keys are left out")
    func onlyThisKey() throws {
        let explained = try explain(
            "a", [sample(("a", 150))],
            policy: """
                keep: { daily: 2 }
                limits: { max-delete: 1%, max-delete-versions: 1, max-delete-bytes: 1B }
                pins: [{ key: other, version-id: x }, { key: a, version-id: gone }]

                """)
        guard case .explained(let summary) = explained.outcome else {
            Issue.record("not found")
            return
        }
        #expect(summary.problems == 1)
        #expect(explained.text.contains("the pinned version gone is not in the bucket"))
    }

    @Test("the rule, its glob and the rules that exclude the key are named")
    func rules() throws {
        let policy = """
            rules:
              - { name: databases, match: ["x", "db/**"], exclude: ["db/tmp/*"], keep: all }
              - { name: rest, match: ["d*", "**"], keep: { daily: 1 } }

            """
        let text = try explain("db/tmp/a", [sample(("db/tmp/a", 2))], policy: policy).text
        #expect(
            text.contains(
                "not rule databases: the key matches \"db/**\", but is excluded by \"db/tmp/*\"\n"
            ), "\(text)")
        #expect(text.contains("rule rest: the key matches \"**\"\n    keep daily 1; pick first"))
        let json = try explain("db/tmp/a", [sample(("db/tmp/a", 2))], policy: policy, asJSON: true)
            .text
        let first = try #require(json.split(separator: "\n").first)
        #expect(
            first.hasSuffix(
                #""rule":"rest","glob":"**","passed_over":[{"rule":"databases","glob":"db/**","#
                    + #""excluded_by":"db/tmp/*"}]}"#), "\(first)")
    }

    @Test("a key that no rule takes says so")
    func unmatched() throws {
        let explained = try explain(
            "a", [sample(("a", 1))],
            policy: "rules: [{ match: b, keep: all }]\n")
        #expect(explained.text.contains("no rule takes the key: every version is kept"))
        #expect(explained.text.contains("for ever: no rule of the policy matches the key"))
    }

    @Test("each version says what keeps it and until when, or who holds its slots")
    func words() throws {
        let text = try explain(
            "a", [sample(("a", 4))],
            policy: """
                keep-oldest: false
                keep: { daily: 2, monthly: 3 }
                pins: [{ key: a, version-id: v-2, why: "before the move" }]

                """
        ).text
        let expected = """
            s3://bucket/a
              4 versions, 3.9 KiB: 4 kept
            """
        #expect(text.hasPrefix(expected), "\(text)")
        #expect(
            text.contains(
                """
                VERSIONS, newest first (* is the current one)
                * 2026-06-29 12:00     1000 B  kept     v-0
                      until 2026-07-01 00:00: current version; newest 1; daily 2026-06-29
                  2026-06-28 12:00     1000 B  kept     v-1
                      until newer ones push it out: daily 2026-06-28
                  2026-06-27 12:00     1000 B  kept     v-2
                      for ever: pinned by the policy; "before the move"
                  2026-06-26 12:00     1000 B  kept     v-3
                      until 2026-09-01 00:00: monthly 2026-06
                """), "\(text)")
    }

    @Test("versions are told newest first, whatever the order of the listing")
    func order() throws {
        var sample = Sample()
        sample.add("a", nights: 3, isReversed: true)
        let text = try explain("a", [sample], asJSON: true).text
        let ids = text.components(separatedBy: "\"version_id\":\"").dropFirst().map { $0.prefix(3) }
        #expect(ids == ["v-0", "v-1", "v-2"])
    }
}
