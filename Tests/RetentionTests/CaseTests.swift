import CivilTime
import Foundation
import PolicyFile
import Retention
import Testing

/// One key with what is kept of it, from fixtures/retention/cases.json.
struct RetentionCase: Decodable, CustomTestStringConvertible, Sendable {
    struct Entry: Decodable, Sendable {
        var id: String
        var time: String
        var kind: String
        var size: Int64
        var latest: Bool?
        var locked: Bool?
        var pinned: Bool?
    }

    enum Value: Decodable, Sendable {
        case number(Double), text(String), truth(Bool)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let truth = try? container.decode(Bool.self) {
                self = .truth(truth)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        var number: Double? { if case .number(let number) = self { number } else { nil } }
        var text: String? { if case .text(let text) = self { text } else { nil } }
        var truth: Bool? { if case .truth(let truth) = self { truth } else { nil } }
    }

    var name: String
    var policy: [String: Value]
    var timezone: String
    var now: String
    var versions: [Entry]
    var keep: [String]

    var testDescription: String { name }

    static let all: [RetentionCase] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../fixtures/retention/cases.json")
        return try! JSONDecoder().decode([RetentionCase].self, from: Data(contentsOf: file))
    }()

    var rule: Rule {
        var slots = Slots()
        slots.last = count("last")
        slots.within = duration("within")
        for kind in PeriodKind.allCases { slots[kind] = count(ReasonCode(kind).rawValue) }
        let picks: [String: Pick] = ["first": .first, "last": .last, "both": .both]
        return Rule(
            keep: .slots(slots), pick: picks[policy["slot"]?.text ?? "first"]!,
            minAge: duration("min_age") ?? .zero,
            minVersions: Int(policy["min_versions"]?.number ?? 1),
            keepOldest: policy["oldest"]?.truth ?? true,
            health: Health(
                minSize: Int64(policy["min_size"]?.number ?? 0),
                expectPerDay: policy["expect_per_day"]?.number.map { Int($0) },
                expectEvery: duration("silent"),
                shrinkLimit: policy["shrunk"]?.number.map {
                    Ratio(partsPerMillion: Int($0 * 1_000_000))
                }))
    }

    private func count(_ name: String) -> Count? {
        policy[name]?.number.map { $0 < 0 ? .all : .limited(Int($0)) }
    }

    /// `14d`, `1y6m`, `48h`: a plain `m` is a month here.
    private func duration(_ name: String) -> CalendarDuration? {
        guard let text = policy[name]?.text else { return nil }
        var result = CalendarDuration.zero
        var number = 0
        for character in text {
            if let digit = character.wholeNumberValue {
                number = number * 10 + digit
                continue
            }
            switch character {
            case "y": result.years = number
            case "m": result.months = number
            case "w": result.weeks = number
            case "d": result.days = number
            default: result.hours = number
            }
            number = 0
        }
        return result
    }
}

@Suite struct CaseTests {
    @Test("each case keeps exactly what it lists", arguments: RetentionCase.all)
    func keeps(_ example: RetentionCase) throws {
        let versions = try example.versions.map { entry in
            Version(
                modified: try #require(Timestamp(rfc3339: entry.time)), size: entry.size,
                isMarker: entry.kind == "marker", isLatest: entry.latest ?? false,
                lock: entry.locked == true ? .retention : .none, isPinned: entry.pinned ?? false)
        }
        let calendar = CivilCalendar(
            zone: try #require(zone(named: example.timezone)),
            dayStarts: Int(example.policy["day_start"]?.number ?? 0))
        let decisions = decide(
            versions, rule: example.rule, calendar: calendar,
            now: try #require(Timestamp(rfc3339: example.now)), releasedDays: [], orphans: .keep)
        let kept = example.versions.indices.filter { decisions.action(at: $0) != .delete }
            .map { example.versions[$0].id }
        #expect(Set(kept) == Set(example.keep))
    }
}

@Suite struct PurityTests {
    @Test(
        "the rule knows no Foundation, no clock and no files",
        arguments: ["CivilTime", "Retention"])
    func imports(target: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/\(target)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!files.isEmpty)
        for file in files {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            let imports = text.split(separator: "\n").filter { $0.contains("import ") }
                .compactMap { $0.split(separator: " ").last }
                .filter { !$0.isEmpty && $0.first!.isUppercase }
            let allowed: Set<Substring> = ["CivilTime"]
            #expect(Set(imports).isSubset(of: allowed), "\(file)")
        }
    }
}
