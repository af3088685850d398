import Foundation
import Testing

extension EndToEnd {
    /// Keys are bytes that anybody with a put key chooses; a report is read on a terminal, in a mail
    /// and by programs.
    @Suite("a key made to deceive")
    struct HostileNameTests {
        static let keys = [
            "clear\u{1B}[2Jscreen", "title\u{1B}]0;owned\u{07}", "new\nline", "return\rhome",
            "del\u{7F}ete", "c1\u{9B}31m", "bidi\u{202E}gpg.exe", "isolate\u{2066}x\u{2069}",
            "line\u{2028}separator", "<script>alert(1)</script>", "=cmd|' /C calc'!A0",
            "quote\"back\\slash", "tab\there", "\u{FEFF}bom", "null\u{0}byte",
        ].sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }

        /// Each key holds a deletion and a version that shrank, so that every part of a report
        /// names it.
        static let listing = SavedListing(
            entries: keys.enumerated().flatMap { index, key in
                (0..<12).map { age in
                    SavedListing.Entry(
                        key: key, versionID: "v\(index)-\(age)",
                        modified: "2026-11-\(22 - age)T01:05:00.000Z",
                        size: age == 0 && index % 2 == 0 ? 1 : 1000, isLatest: age == 0)
                }
            })

        static let policy = """
            version: 1
            bucket: hostile
            min-age: 0
            limits: { max-delete: 99% }
            unmatched: error
            rules:
              - match: ["[a-c]**", "[d-z]**", "<**"]
                keep: { daily: 2 }
                health: { shrink-limit: 50% }
            """

        private func run(_ options: [String]) async throws -> Command.Outcome {
            let program = try Program()
            let page = try program.home.write("page.xml", Self.listing.xml)
            return try await program.s3prune(
                [
                    "--policy", program.policy(Self.policy), "--listing", page,
                    "--now", "2026-11-23T03:00:00Z",
                ] + options)
        }

        @Test("is escaped in the report for people", arguments: [[], ["--verbose"]])
        func text(options: [String]) async throws {
            let outcome = try await run(options)
            #expect(outcome.status == 6, "\(outcome.errorText)")
            expectHarmless(outcome.output)
            #expect(outcome.text.contains("[2Jscreen"))
            #expect(!outcome.lines.contains { $0.hasPrefix("line") || $0.hasPrefix("home") })
        }

        @Test("is one whole line of JSON for each version, and comes back byte for byte")
        func json() async throws {
            let outcome = try await run(["--format", "json"])
            #expect(outcome.status == 6, "\(outcome.errorText)")
            expectHarmless(outcome.output)
            let plan = try Plan(outcome)
            #expect(plan.versions.map(\.key) == Self.listing.entries.map(\.key))
            #expect(plan.lines.count == 2 + plan.versions.count + plan.problems.count)
            #expect(Set(plan.problems.compactMap(\.key)).isSubset(of: Self.keys))
        }

        @Test("is one cell of CSV that no spreadsheet executes, as Python reads it")
        func csv() async throws {
            let outcome = try await run(["--format", "csv"])
            #expect(outcome.status == 6, "\(outcome.errorText)")
            expectHarmless(outcome.output.filter { $0 != 0x0D })
            let scratch = try Scratch()
            let reader = """
                import csv, re, sys
                def back(cell):
                    cell = cell[1:] if cell.startswith("'") else cell
                    return re.sub(r"\\\\(?:x(..)|u{(.*?)}|(.))", lambda m: chr(int(m[1] or m[2], 16))
                        if m[1] or m[2] else {"n": "\\n", "r": "\\r", "t": "\\t"}.get(m[3], m[3]), cell)
                keys = []
                for row in csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")):
                    assert None not in row and None not in row.values(), row
                    assert not any(cell[:1] in "=+-@" for cell in row.values() if cell), row
                    if row["type"] == "version" and row["version_id"].endswith("-0"):
                        keys.append(back(row["key"]))
                sys.stdout.buffer.write("\\0\\n".join(keys).encode())
                """
            let table = scratch.path("table.csv")
            try Data(outcome.output).write(to: URL(fileURLWithPath: table))
            let read = try await Command(
                program: "/usr/bin/python3", arguments: ["-c", reader, table]
            ).run()
            #expect(read.status == 0, "\(read.errorText)")
            #expect(read.text == Self.keys.joined(separator: "\u{0}\n"))
        }

        @Test("is text of an HTML report and nothing else, as Python reads it")
        func html() async throws {
            for options in [[], ["--verbose"]] {
                let outcome = try await run(["--format", "html"] + options)
                #expect(outcome.status == 6, "\(outcome.errorText)")
                expectHarmless(outcome.output)
                let scratch = try Scratch()
                let page = try scratch.write("page.html", outcome.text)
                let reader = """
                    import html.parser, sys
                    class Reader(html.parser.HTMLParser):
                        void = {"meta"}
                        known = set("html head meta title style body main h1 h2 h3 small p div b i "
                            "span dl dt dd table thead tbody tr th td code time".split())
                        open, codes, rules = [], [], ""
                        def handle_starttag(self, tag, attributes):
                            assert tag in self.known, tag
                            names = {name for name, _ in attributes}
                            assert names <= {"lang", "charset", "name", "content", "http-equiv",
                                "class", "style", "datetime"}, attributes
                            if tag not in self.void:
                                self.open.append(tag)
                            if tag == "code":
                                self.codes.append("")
                        def handle_endtag(self, tag):
                            assert self.open.pop() == tag, tag
                        def handle_data(self, text):
                            if self.open and self.open[-1] == "code":
                                self.codes[-1] += text
                        def handle_comment(self, text):
                            assert False, text
                    reader = Reader()
                    reader.feed(open(sys.argv[1], encoding="utf-8").read())
                    assert reader.open == ["html", "body"], reader.open
                    print("\\n".join(reader.codes))
                    """
                let read = try await Command(
                    program: "/usr/bin/python3", arguments: ["-c", reader, page]
                ).run()
                #expect(read.status == 0, "\(read.errorText)")
                let codes = Set(read.lines.map(String.init))
                for name in ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "new\\nline"] {
                    #expect(codes.contains(name), "\(name)")
                }
                #expect(Self.keys.count <= codes.count)
            }
        }

        @Test("is escaped in the errors that name it")
        func errors() async throws {
            let program = try Program()
            let policy = try program.policy(Self.policy)
            for listing in [
                SavedListing(bucket: "other\u{202E}bucket", entries: []),
                SavedListing(entries: [
                    .init(key: "b\u{1B}[31m", versionID: "1"), .init(key: "a\nb", versionID: "2"),
                ]),
            ] {
                let page = try program.home.write("page.xml", listing.xml)
                let outcome = try await program.s3prune([
                    "--policy", policy, "--listing", page, "--now", "2026-11-23T03:00:00Z",
                ])
                #expect(outcome.status == 1, "\(outcome.errorText)")
                expectHarmless(outcome.errors)
                let lines = outcome.errorText.split(separator: "\n")
                #expect(lines.allSatisfy { $0.hasPrefix("s3prune: ") })
            }
        }

        @Test("is escaped where the command line or a policy brings it")
        func arguments() async throws {
            let program = try Program()
            let policy = try program.policy(
                "version: 1\nbucket: hostile\nkeep: { daily: 7 }\n\"\u{202E}\\e[31m\": 1\n")
            for arguments in [
                ["--policy", "/nowhere/\u{1B}[31m\n.yaml"], ["--policy", policy],
                ["--\u{1B}[31m"], ["--format", "\u{1B}[31m"],
                ["--now", "\u{1B}[31m", "--listing", "x"],
            ] {
                let outcome = try await program.s3prune(arguments)
                #expect([64, 78].contains(outcome.status), "\(arguments): \(outcome.errorText)")
                expectHarmless(outcome.errors)
            }
        }
    }
}

/// Nothing that a terminal obeys: no control characters but line feeds, no C1, no bidi controls, no
/// separators that some readers take for a line's end; and valid UTF-8.
func expectHarmless(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
        Issue.record("not UTF-8", sourceLocation: sourceLocation)
        return
    }
    let obeyed = text.unicodeScalars.filter { scalar in
        switch scalar.value {
        case 0x0A: false
        case ..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0x200E, 0x200F, 0xFEFF: true
        default: false
        }
    }
    #expect(obeyed.isEmpty, "\(obeyed.map { $0.value })", sourceLocation: sourceLocation)
}
