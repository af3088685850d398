import CivilTime
import Foundation
import Retention
import Testing

/// What the real `restic forget` kept of one history, from fixtures/retention/restic.json.
struct ResticGolden: Decodable, Sendable {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var policy: [String: Int]
        var keep: [String]
        var testDescription: String {
            policy.sorted { $0.key < $1.key }.map { "keep-\($0.key)\($0.value)" }
                .joined(separator: ",")
        }
    }

    var times: [String]
    var cases: [Case]

    static let golden: ResticGolden = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../fixtures/retention/restic.json")
        return try! JSONDecoder().decode(ResticGolden.self, from: Data(contentsOf: file))
    }()
}

@Suite struct ResticTests {
    @Test(
        "the last of a period, without guards, is what restic keeps",
        arguments: ResticGolden.golden.cases)
    func sameAsRestic(_ golden: ResticGolden.Case) throws {
        let times = try ResticGolden.golden.times.map { try #require(Timestamp(rfc3339: $0)) }
            .sorted(by: >)
        let versions = times.enumerated().map {
            Version(modified: $0.element, size: 4, isLatest: $0.offset == 0)
        }
        var slots = Slots()
        slots.last = golden.policy["last"].map { .limited($0) }
        for kind in PeriodKind.allCases {
            slots[kind] = golden.policy[ReasonCode(kind).rawValue].map { .limited($0) }
        }
        // restic 0.14 has no counterpart of `keep-oldest`.
        let rule = Rule(
            keep: .slots(slots), pick: .last, minAge: .zero, minVersions: 1, keepOldest: false)
        let decisions = decide(
            versions, rule: rule, calendar: CivilCalendar(zone: .utc), now: times[0])
        let kept = versions.indices.filter { decisions.action(at: $0) != .delete }
            .map { versions[$0].modified.rfc3339 }
        #expect(Set(kept) == Set(golden.keep))
    }
}
