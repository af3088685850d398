import Testing

extension EndToEnd {
    /// One bucket, saved in each format.
    @Suite("a listing in another format")
    struct ListingFormatTests {
        static let now = ["--now", "2026-11-23T03:00:00Z"]
        static let fixture = "\(Places.repository)/fixtures/listings/acme-backups"

        /// How the listing is converted, and how it is given to the program.
        struct Format: CustomTestStringConvertible, Sendable {
            var testDescription: String
            var words: [String]
            /// What `--listing` names below the converted listing; nothing is all of it.
            var given = [""]
            /// A shell command that prints the listing `$0`, where it comes from standard input.
            var pipe: String?
        }

        static let formats = [
            Format(testDescription: "the JSON of aws s3api", words: ["json"]),
            Format(testDescription: "that JSON in disorder", words: ["json", "--shuffle", "1"]),
            Format(testDescription: "that JSON page by page", words: ["pages"]),
            Format(testDescription: "that JSON from a pipe", words: ["json"], pipe: "cat \"$0\""),
            Format(
                testDescription: "that JSON packed with gzip", words: ["json"],
                pipe: "gzip -1 < \"$0\""),
            Format(
                testDescription: "an S3 Inventory", words: ["inventory"],
                given: ["2026-11-22T01-00Z/manifest.json"]),
            Format(
                testDescription: "an S3 Inventory by its directories", words: ["inventory"],
                given: ["2026-11-22T01-00Z", "data"]),
            Format(
                testDescription: "an S3 Inventory in disorder and unpacked",
                words: ["inventory", "--shuffle", "2", "--plain", "--files", "7"],
                given: ["2026-11-22T01-00Z"]),
            Format(
                testDescription: "an S3 Inventory from a pipe",
                words: ["inventory", "--files", "1"], given: ["2026-11-22T01-00Z/manifest.json"],
                pipe: "cat \"$0\"/data/*"),
        ]

        @Test("gives the plan of the XML pages, line by line", arguments: formats)
        func samePlan(format: Format) async throws {
            let program = try Program()
            let target = program.home.path("listing")
            try await convert([Self.fixture] + format.words, to: target, program)
            var listings = format.given.map { $0.isEmpty ? target : "\(target)/\($0)" }
            var input = "/dev/null"
            if let pipe = format.pipe {
                input = program.home.path("piped")
                let shell = Command(
                    program: "/bin/sh", arguments: ["-c", "\(pipe) > \"$1\"", target, input],
                    environment: program.environment)
                #expect(try await shell.run().status == 0)
                listings = listings.filter { $0 != target } + ["-"]
            }
            let expected = try await plan(of: [Self.fixture], program)
            #expect(try await plan(of: listings, program, input: input).lines == expected.lines)
        }

        private func convert(
            _ words: [String], to target: String, _ program: Program
        ) async throws {
            let made = try await Command(
                program: Places.script("convert-listing.py"),
                arguments: [words[0], words[1], target] + words.dropFirst(2),
                environment: program.environment
            ).run()
            try #require(made.status == 0, "\(made.errorText)")
        }

        private func plan(
            of listings: [String], _ program: Program, input: String = "/dev/null"
        ) async throws -> Plan {
            let policy = "\(Places.repository)/policies/acme-backups.yaml"
            let arguments = ["--dry-run", "--policy", policy, "--format", "json"] + Self.now
            let outcome = try await program.command(
                arguments + listings.flatMap { ["--listing", $0] }, input: input
            ).run()
            #expect(outcome.status == 6, "\(outcome.errorText)")
            return try Plan(outcome)
        }

        @Test("keeps what an inventory's lock columns say is locked, and deletes its neighbours")
        func locks() async throws {
            let locks = [
                ("", "", ""), ("2027-01-01T00:00:00.000Z", "GOVERNANCE", "Off"), ("", "", "Off"),
                ("2020-01-01T00:00:00.000Z", "COMPLIANCE", "On"), ("", "", ""),
                ("2020-01-01T00:00:00.000Z", "COMPLIANCE", "Off"),
            ]
            let rows = locks.enumerated().map { day, lock in
                "hostile,db/a,v\(day),\(day == 0),false,3,2026-10-2\(9 - day)T01:05:00.000Z,"
                    + "\(lock.0),\(lock.1),\(lock.2)\n"
            }
            let manifest = Self.manifest(files: nil).replacing(
                "LastModifiedDate",
                with: "LastModifiedDate, ObjectLockRetainUntilDate, ObjectLockMode,"
                    + " ObjectLockLegalHoldStatus")
            let outcome = try await run(
                [("a.csv", rows.joined()), ("m.json", manifest)],
                keep: "{ daily: 1 }\nmin-versions: 1\nkeep-oldest: false")
            let versions = try Plan(outcome).versions
            let verdicts = versions.map { "\($0.action) " + ($0.reasons.first?.code ?? "") }
            #expect(
                verdicts == [
                    "keep current", "keep locked", "delete daily", "keep legal-hold",
                    "delete daily", "delete daily",
                ])
        }

        @Test("quarantines a key of which an inventory calls two versions current")
        func twoCurrent() async throws {
            let rows = (0..<3).map {
                "hostile,db/a,v\($0),\($0 < 2),false,3,2026-10-2\(9 - $0)T01:05:00.000Z\n"
            }
            let outcome = try await run(
                [("a.csv", rows.joined()), ("m.json", Self.manifest(files: nil))])
            #expect(outcome.status == 6, "\(outcome.errorText)")
            let plan = try Plan(outcome)
            #expect(plan.problems.map(\.code) == ["quarantine"])
            #expect(plan.summary.delete == 0)
        }

        /// Files by name and text, and what standard error must say.
        struct Refusal: CustomTestStringConvertible, Sendable {
            var testDescription: String
            var files: [(name: String, text: String)]
            var word: String
        }

        private static func json(_ more: String = "", key: String = "db/a.gpg") -> String {
            """
            {\(more)"Versions": [{"Key": "\(key)", "VersionId": "v1", "IsLatest": true, "Size": 1,
            "LastModified": "2026-11-20T01:05:00+00:00", "ETag": "\\"e\\""}]}
            """
        }

        private static let row = "hostile,db/a.gpg,v1,true,false,3,2026-11-20T01:05:00.000Z\n"

        /// The manifest of an inventory whose one file, `a.csv`, holds the one row.
        private static func manifest(
            bucket: String = "hostile", format: String = "CSV",
            files: String? = """
            , "files": [{"key": "x/data/a.csv", "size": 58, "MD5checksum": "2dea1ff9ad79bc41d1c8a8268b168517"}]
            """
        ) -> String {
            """
            {"sourceBucket": "\(bucket)", "fileFormat": "\(format)", "fileSchema":
            "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate"\(files ?? "")}
            """
        }

        static let refusals = [
            Refusal(
                testDescription: "of two formats",
                files: [("a.json", json()), ("b.xml", SavedListing(entries: []).xml)],
                word: "XML, where"),
            Refusal(
                testDescription: "that is cut", files: [("a.json", String(json().dropLast(9)))],
                word: "the file is cut"),
            Refusal(
                testDescription: "whose last page is truncated",
                files: [
                    (
                        "a.json",
                        json(
                            #""IsTruncated": true, "NextKeyMarker": "k", "NextVersionIdMarker": "v","#
                        )
                    )
                ], word: "truncated"),
            Refusal(
                testDescription: "of another bucket",
                files: [("a.json", json(#""Name": "another", "IsTruncated": false,"#))],
                word: "another"),
            Refusal(
                testDescription: "with a key outside the prefix",
                files: [("a.json", json(key: "etc/a.gpg"))], word: "etc/a.gpg"),
            Refusal(
                testDescription: "with a key outside the prefix, which says how to list",
                files: [("a.json", json(key: "etc/a.gpg"))], word: "--prefix PREFIX"),
            Refusal(
                testDescription: "that is an inventory with a key outside the prefix",
                files: [
                    ("a.csv", row.replacing("db/a", with: "etc/a")),
                    ("manifest.json", manifest(files: nil)),
                ], word: "a policy of the whole bucket"),
            Refusal(
                testDescription: "that lists a version twice, in two of its pages",
                files: [
                    (
                        "a.json",
                        json(
                            #""IsTruncated": true, "NextKeyMarker": "k", "NextVersionIdMarker": "v","#
                        )
                    ), ("b.json", json(#""IsTruncated": false, "KeyMarker": "k","#)),
                ], word: "gives version v1 twice"),
            Refusal(
                testDescription: "that is an inventory with a version twice",
                files: [("a.csv", row + row), ("manifest.json", manifest(files: nil))],
                word: "gives version v1 twice"),
            Refusal(
                testDescription: "that is none", files: [("a.txt", "hello, world")],
                word: "list-object-versions"),
            Refusal(
                testDescription: "that is an inventory without its manifest",
                files: [("a.csv", row)], word: "manifest.json"),
            Refusal(
                testDescription: "that is an inventory in ORC",
                files: [("manifest.json", manifest(format: "ORC"))], word: "Format"),
            Refusal(
                testDescription: "that is ORC", files: [("a.orc", "ORC\u{8}")], word: "Format"),
            Refusal(
                testDescription: "that is the inventory of another bucket",
                files: [("manifest.json", manifest(bucket: "another"))], word: "another"),
            Refusal(
                testDescription: "that is an inventory whose file is missing",
                files: [("manifest.json", manifest())], word: "a.csv is missing"),
            Refusal(
                testDescription: "that is an inventory with another file",
                files: [("a.csv", row.replacing("v1", with: "v2")), ("manifest.json", manifest())],
                word: "its MD5 is"),
            Refusal(
                testDescription: "that is an inventory with a file that is cut",
                files: [("a.csv", String(row.dropLast())), ("manifest.json", manifest())],
                word: "the manifest says 58"),
            Refusal(
                testDescription: "that is an inventory with a file that is too long",
                files: [("a.csv", row + row), ("manifest.json", manifest())],
                word: "more than the 58 bytes"),
            Refusal(
                testDescription: "that is an inventory and a file that is none of its own",
                files: [("a.csv", row), ("b.csv", row), ("manifest.json", manifest())],
                word: "b.csv"),
            Refusal(
                testDescription: "that is an inventory beside XML",
                files: [("a.xml", SavedListing(entries: []).xml), ("manifest.json", manifest())],
                word: "XML, where"),
            Refusal(
                testDescription: "that is an inventory whose manifest was changed",
                files: [
                    ("a.csv", row), ("manifest.checksum", "d41d8cd98f00b204e9800998ecf8427e\n"),
                    ("manifest.json", manifest()),
                ], word: "another MD5"),
            Refusal(
                testDescription: "that is an inventory with a row of too few columns",
                files: [
                    ("a.csv", row.replacing(",3,", with: ",")),
                    ("manifest.json", manifest(files: nil)),
                ], word: "line 1: 6 columns"),
        ]

        @Test("is taken behind the mark that some editors put before UTF-8")
        func mark() async throws {
            for files in [
                [("a.json", "\u{FEFF}" + Self.json())],
                [("a.csv", Self.row), ("manifest.json", "\u{FEFF}" + Self.manifest(files: nil))],
            ] {
                let outcome = try await run(files)
                #expect(outcome.status == 0, "\(outcome.errorText)")
                #expect(try Plan(outcome).versions.count == 1)
            }
        }

        @Test("is taken of an inventory whose rows no manifest names, if one gives the columns")
        func columnsOnly() async throws {
            let outcome = try await run([
                ("a.csv", Self.row), ("m.json", Self.manifest(files: nil)),
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try Plan(outcome).versions.map(\.key) == ["db/a.gpg"])
        }

        @Test("is refused where it cannot be trusted, and no plan is ended", arguments: refusals)
        func isRefused(_ refusal: Refusal) async throws {
            let outcome = try await run(refusal.files)
            #expect(outcome.status == 1)
            #expect(outcome.errorText.hasPrefix("s3prune: error: "))
            #expect(outcome.errorText.contains(refusal.word), "\(outcome.errorText)")
            #expect(!outcome.text.contains("\"type\":\"summary\""))
        }

        private func run(
            _ files: [(name: String, text: String)], keep: String = "{ daily: 1 }"
        ) async throws -> Command.Outcome {
            let program = try Program()
            let policy = try program.policy(
                "version: 1\nbucket: s3://hostile/db/\nkeep: \(keep)\n", name: "p.yaml")
            let paths = try files.flatMap {
                ["--listing", try program.home.write($0.name, $0.text)]
            }
            return try await program.dryRun(policy, paths + Self.now)
        }
    }
}
