import CivilTime
import Foundation
import Retention
import Testing

@testable import PolicyFile

/// Loads a policy from text, or gives the rendered problems.
private func load(_ text: String) -> Result<Policy, PolicyProblems> {
    Result { () throws(PolicyProblems) in
        try Policy.load(bytes: Array(text.utf8), path: "p.yaml").policy
    }
}

private func problems(_ text: String) -> [PolicyProblem] {
    if case .failure(let error) = load(text) { error.problems } else { [] }
}

private let head = "version: 1\nbucket: acme-backups\n"

@Suite struct PolicyLoadingTests {
    @Test("three lines are a policy, with every default")
    func minimal() throws {
        let policy = try load(head + "keep: { daily: 14 }\n").get()
        #expect(policy.bucket == "acme-backups")
        #expect(policy.prefix.isEmpty)
        #expect(policy.timezone == "UTC")
        #expect(policy.unmatched == .keep)
        #expect(policy.orphans == .keep)
        #expect(policy.limits == .standard)
        let rule = try #require(policy.rules.first).rule
        #expect(rule.pick == .first)
        #expect(rule.minAge == CalendarDuration(days: 2))
        #expect(rule.minVersions == 3)
        #expect(rule.keepOldest)
        #expect(rule.keep == .slots(Slots(daily: .limited(14))))
        #expect(policy.rule(forKey: Array("any/key".utf8)) == 0)
    }

    @Test("a rule overrides what stands at the top, and the first match decides")
    func overrides() throws {
        let text =
            head + """
                min-age: 14d
                pick: both
                rules:
                  - match: "db/**"
                    exclude: "db/scratch/**"
                    min-age: 1mo
                    keep: { last: all, within: 1d12h, hourly: 24, yearly: all }
                    health: { min-size: 1KiB, expect-every: 26h, shrink-limit: 12.5% }
                  - { name: rest, match: ["**"], keep: all }
                """
        let policy = try load(text).get()
        let first = policy.rules[0].rule
        #expect(first.minAge == CalendarDuration(months: 1))
        #expect(first.pick == .both)
        #expect(
            first.keep
                == .slots(
                    Slots(
                        last: .all, within: CalendarDuration(days: 1, hours: 12),
                        hourly: .limited(24), yearly: .all)))
        #expect(first.health.minSize == 1024)
        #expect(first.health.shrinkLimit == Ratio(partsPerMillion: 125_000))
        #expect(policy.rules[1].rule.minAge == CalendarDuration(days: 14))
        #expect(policy.rule(forKey: Array("db/a.gz".utf8)) == 0)
        #expect(policy.rule(forKey: Array("db/scratch/a.gz".utf8)) == 1)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var text: String
        var line: Int
        var column: Int
        var says: String
        var testDescription: String { says }
    }

    static let bad: [Bad] = [
        Bad(text: head + "keep: { dayly: 3 }\n", line: 3, column: 9, says: "dayly"),
        Bad(text: head + "keep: { daily: 0 }\n", line: 3, column: 16, says: "daily"),
        Bad(text: head + "keep: { daily: -1 }\n", line: 3, column: 16, says: "daily"),
        Bad(text: head + "keep: { daily: 1e309 }\n", line: 3, column: 16, says: "daily"),
        Bad(
            text: head + "keep: { daily: 99999999999999999999 }\n", line: 3, column: 16,
            says: "daily"),
        Bad(text: head + "keep: { daily: yes }\n", line: 3, column: 16, says: "daily"),
        Bad(text: head + "keep: {}\n", line: 3, column: 7, says: "keep"),
        Bad(text: head + "keep: { within: 3m }\n", line: 3, column: 17, says: "m"),
        Bad(text: head + "keep: { within: 3 }\n", line: 3, column: 17, says: "within"),
        Bad(text: head + "min-age: 2x\nkeep: all\n", line: 3, column: 10, says: "x"),
        Bad(
            text: head + "timezone: Europe/Berlim\nkeep: all\n", line: 3, column: 11,
            says: "Europe/Berlim"),
        Bad(text: head + "timezone: CEST\nkeep: all\n", line: 3, column: 11, says: "CEST"),
        Bad(text: head + "pick: frist\nkeep: all\n", line: 3, column: 7, says: "frist"),
        Bad(text: head + "day-starts: 24\nkeep: all\n", line: 3, column: 13, says: "day-starts"),
        Bad(text: head + "keep: all\nkeep: all\n", line: 4, column: 1, says: "duplicate"),
        Bad(
            text: "version: 2\nbucket: acme-backups\nkeep: all\n", line: 1, column: 10,
            says: "version"),
        Bad(text: "bucket: acme-backups\nkeep: all\n", line: 1, column: 1, says: "version"),
        Bad(text: head + "min-versions: 0\nkeep: all\n", line: 3, column: 15, says: "min-versions"),
        Bad(text: head + "unmatched: delete\nkeep: all\n", line: 3, column: 12, says: "delete"),
        Bad(text: head + "limits: { max-delete: 50 }\nkeep: all\n", line: 3, column: 23, says: "%"),
        Bad(text: head + "keep: &a { daily: 1 }\n", line: 3, column: 7, says: "anchors"),
        Bad(text: head + "keep: !x { daily: 1 }\n", line: 3, column: 7, says: "tags"),
        Bad(text: head, line: 1, column: 1, says: "keep"),
        Bad(text: "", line: 0, column: 0, says: "p.yaml"),
        Bad(
            text: "version: 1\nbucket: Acme_Backups\nkeep: all\n", line: 2, column: 9,
            says: "bucket"),
        Bad(
            text: head + "health: { min-size: 1kB }\nkeep: all\n", line: 3, column: 21, says: "KiB"),
        Bad(
            text: head + "rules: [{ match: \"a[\", keep: all }]\n", line: 3, column: 18, says: "["),
    ]

    @Test("a bad file is refused at its place", arguments: bad)
    func refused(_ bad: Bad) throws {
        let found = problems(bad.text)
        let text = found.map(\.rendering).joined(separator: "\n")
        let problem = try #require(
            found.first { bad.line == 0 || $0.line == bad.line }, "\(text)")
        #expect(problem.severity == .error)
        if bad.line > 0 {
            // A problem inside a value may be shown at its very character.
            #expect(problem.column >= bad.column && problem.column <= bad.column + 8, "\(text)")
        }
        #expect(text.contains(bad.says), "\(text)")
    }

    @Test("all problems are reported at once, in the order of the lines")
    func together() {
        let found = problems(
            "version: 1\nbuckets: x\nmin-age: 5\nkeep: { dayly: 1, weekly: 0 }\nextra: 1\n")
        #expect(found.count >= 5)
        #expect(found.map(\.line) == found.map(\.line).sorted())
    }

    @Test("a problem is shown with its line, a caret and the nearest word")
    func rendering() throws {
        let problem = try #require(problems(head + "keep: { dayly: 3 }\n").first)
        let lines = problem.rendering.split(separator: "\n")
        #expect(lines[0] == "p.yaml:3:9: error: unknown key 'dayly' in 'keep'")
        #expect(lines[1] == "    keep: { dayly: 3 }")
        #expect(lines[2] == "            ^")
        #expect(lines[3].contains("daily"))
    }

    @Test("no bytes crash the loader")
    func robustness() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../policies/databases.yaml")
        let original = Array(try Data(contentsOf: file))
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var refused = 0
        for _ in 0..<1_500 {
            var bytes = original
            for _ in 0...next(4) { bytes[next(bytes.count)] = UInt8(next(256)) }
            do throws(PolicyProblems) {
                _ = try Policy.load(bytes: bytes, path: "mutant.yaml")
            } catch {
                #expect(!error.problems.isEmpty)
                refused += 1
            }
        }
        #expect(refused > 500)
    }

    @Test("NUL bytes, binary data, CRLF and a byte order mark are dealt with")
    func bytes() throws {
        #expect(!problems(head + "keep: \0all\n").isEmpty)
        #expect(throws: PolicyProblems.self) {
            try Policy.load(bytes: [0x89, 0x50, 0xff, 0xfe], path: "p")
        }
        _ = try load((head + "keep: all\n").replacingOccurrences(of: "\n", with: "\r\n")).get()
    }

    @Test("what is no regular file is not read", arguments: ["/dev/zero", "/", "/nowhere/at/all"])
    func reading(path: String) {
        #expect(throws: PolicyProblems.self) { try Policy.read(path: path) }
    }

    @Test(
        "a file that others may write to is warned about, and refused where it would delete",
        arguments: [(0o664, "its group"), (0o646, "everybody"), (0o666, "everybody")])
    func writable(mode: Int, who: String) throws {
        let path = try file(mode: mode)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (bytes, warnings) = try Policy.read(path: path)
        #expect(bytes == Array(head.utf8))
        #expect(warnings.map(\.message) == ["\(who) may write to the file"])
        #expect(warnings.map(\.severity) == [.warning])
        let error = try #require(throws: PolicyProblems.self) {
            try Policy.read(path: path, toDelete: true)
        }
        #expect(error.problems.map(\.severity) == [.error])
        #expect(error.problems.first?.hint == "chmod go-w \(path)")
    }

    @Test(
        "a file that only its owner may write to is read without a word", arguments: [0o600, 0o644])
    func notWritable(mode: Int) throws {
        let path = try file(mode: mode)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try Policy.read(path: path, toDelete: true).warnings.isEmpty)
    }

    private func file(mode: Int) throws -> String {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "policy-\(UUID().uuidString).yaml").path
        _ = FileManager.default.createFile(atPath: path, contents: Data(head.utf8))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    @Test(
        "the cure for a slip is named",
        arguments: [
            ("keep:\n  daily 3\n  weekly: 1\n", "in quotes"),
            ("keep: { \"daily 3\": 4 }\n", "a key is followed by ': ', as in 'daily: 3'"),
            ("keep: all\nunmatch: keep\n", "did you mean 'unmatched'?"),
            ("keep: all\nmin: 3\n", "known here: "),
            ("keep: all\nincomplete: keep\n", "did you mean 'incomplete-uploads'?"),
            ("keep: all\norphans: keep\n", "'orphans' belongs in 'delete-markers'"),
            ("keep: { pick: last, daily: 1 }\n", "belongs at the top of the file or in a rule"),
            ("min-age: -2d\nkeep: all\n", "a duration is never negative"),
            ("min-versions: 0\nkeep: all\n", "the newest copy of the data is never deleted"),
            ("timezone: UTC+2\nkeep: all\n", "an offset is no zone, name a city"),
            ("timezone: 2\nkeep: all\n", "IANA names such as Europe/Berlin"),
            ("keep: [daily\n", "closed"), ("name: \"x\nkeep: all\n", "never closed"),
            ("keep: { daily: !!int 3 }\n", "quote a text that begins with '!'"),
            ("keep: !!map { daily: 3 }\n", "quote a text that begins with '!'"),
            ("keep: all\n\u{0}\n", "is this a text file?"),
        ])
    func cures(text: String, cure: String) {
        let all = problems(head + text).map(\.rendering).joined(separator: "\n")
        #expect(all.contains(cure), "\(all)")
    }

    @Test("an unterminated text is pointed at where it begins, not at the end of the file")
    func unterminated() throws {
        let problem = try #require(problems(head + "timezone: \"UTC\nkeep: all\n").first)
        #expect((problem.line, problem.column) == (3, 11))
    }

    @Test("a long line is cut around its caret, a shorter one is shown whole")
    func excerpts() throws {
        let short = String(repeating: "x", count: 90)
        let long = String(repeating: "x", count: 200)
        for (name, isCut) in [(short, false), (long, true)] {
            let problem = try #require(problems(head + "keep: { \(name): 1 }\n").first)
            #expect(problem.rendering.contains("…\n") == isCut, "\(problem.rendering)")
        }
    }

    @Test("a policy is told in its own words, defaults included")
    func summary() throws {
        let text =
            head + """
                timezone: Europe/Berlin
                day-starts: 12
                incomplete-uploads: { abort-after: 3d }
                delete-markers: { orphans: remove }
                rules:
                  - name: databases
                    match: "db/**"
                    keep: { last: all, within: 1d12h, weekly: 8 }
                    health: { min-size: 1KiB, shrink-limit: 12.5% }
                  - { match: "legal/**", keep: all }
                """
        #expect(
            try load(text).get().summary == """
                p.yaml: ok: s3://acme-backups, 2 rules, days of Europe/Berlin from hour 12
                  databases: keep last all, within 1d12h, weekly 8; pick first; min-age 2d; \
                min-versions 3; min-size 1KiB, shrink-limit 12.5%
                  legal/**: keep all
                  other keys kept; delete markers alone removed; uploads aborted after 3d
                """)
    }

    @Test("policies of one bucket may not overlap")
    func overlaps() throws {
        let whole = try load(head + "keep: all\n").get()
        let part = try load("version: 1\nbucket: s3://acme-backups/db/\nkeep: all\n").get()
        let other = try load("version: 1\nbucket: s3://acme-backups/etc/\nkeep: all\n").get()
        #expect(Policy.overlaps([whole, part]).count == 1)
        #expect(Policy.overlaps([part, other]).isEmpty)
    }

    @Test("the schema, the template and the file in policies/ belong together")
    func schema() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../policies/policy-v1.schema.json")
        #expect(try String(contentsOf: file, encoding: .utf8) == policySchema)
        let schema = try #require(
            try JSONSerialization.jsonObject(with: Data(policySchema.utf8)) as? [String: Any])
        let top = try #require(schema["properties"] as? [String: Any])
        #expect(Set(top.keys) == Set(Section.policy.keys))
        let definitions = try #require(schema["definitions"] as? [String: [String: Any]])
        let rule = try #require(definitions["rule"]?["properties"] as? [String: Any])
        #expect(Set(rule.keys) == Set(Section.rule.keys))
        _ = try load(policyTemplate).get()
    }
}

@Suite struct GlobTests {
    @Test(
        "globs match whole keys",
        arguments: [
            ("db/*.gz", "db/a.gz", true), ("db/*.gz", "db/x/a.gz", false),
            ("db/**/*.gz", "db/a.gz", true), ("db/**/*.gz", "db/x/y/a.gz", true),
            ("**", "any/thing", true), ("a?c", "abc", true), ("a?c", "a/c", false),
            ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("{a,b}/c", "b/c", true),
            ("a\\*b", "a*b", true), ("a\\*b", "axb", false), ("db/*", "xdb/a", false),
            ("{etc,home/*}/x", "home/u/x", true),
        ])
    func matching(pattern: String, key: String, expected: Bool) throws {
        let policy = try Policy.load(
            bytes: Array(
                (head + "rules: [{ match: '\(pattern)', keep: all }]\n").utf8), path: "p"
        ).policy
        #expect((policy.rule(forKey: Array(key.utf8)) == 0) == expected)
    }

    @Test("a hostile pattern takes no longer than a plain one")
    func hostile() throws {
        let pattern = String(repeating: "*a", count: 60)
        let policy = try Policy.load(
            bytes: Array((head + "rules: [{ match: '\(pattern)b', keep: all }]\n").utf8), path: "p"
        ).policy
        #expect(policy.rule(forKey: Array(repeating: UInt8(ascii: "a"), count: 1024)) == nil)
    }
}
