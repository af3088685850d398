import Testing

extension EndToEnd {
    /// Saved pages and what a dry run makes of them.
    struct ListingCase: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var pages: [String]
        var prefix = ""
        var status: Int32 = 1
        /// What standard error must say.
        var word = ""
    }

    @Suite("a saved listing")
    struct BadListingTests {
        /// Three versions of one key, newest first.
        static let entries = (0..<3).map { age in
            SavedListing.Entry(
                key: "db/a.gpg", versionID: "v\(age)",
                modified: "2026-11-2\(2 - age)T01:05:00.000Z", isLatest: age == 0)
        }
        static let first = SavedListing(
            entries: Array(entries[0...0]), next: ("db/a.gpg", "v0")
        ).xml
        static let rest = SavedListing(entries: Array(entries[1...])).xml
        static let whole = SavedListing(entries: entries).xml

        static let refused: [ListingCase] = [
            ListingCase(
                testDescription: "whose last page says that more follow", pages: [first],
                word: "truncated"),
            ListingCase(
                testDescription: "with a page after the last", pages: [whole, rest], word: "page"),
            ListingCase(testDescription: "that repeats a page", pages: [first, first, rest]),
            ListingCase(
                testDescription: "that steps back",
                pages: [
                    SavedListing(
                        entries: [.init(key: "db/b.gpg", versionID: "b")], next: ("db/b.gpg", "b")
                    ).xml, whole,
                ]),
            ListingCase(
                testDescription: "that is truncated and names no marker",
                pages: [
                    first.replacing("<NextKeyMarker>db/a.gpg</NextKeyMarker>", with: "")
                        .replacing("<NextVersionIdMarker>v0</NextVersionIdMarker>", with: ""),
                    rest,
                ], word: "NextKeyMarker"),
            ListingCase(
                testDescription: "that is cut", pages: [String(whole.dropLast(120))]),
            ListingCase(
                testDescription: "that is not XML", pages: ["<html><body>Bad Gateway</body>"]),
            ListingCase(testDescription: "that is empty", pages: [""]),
            ListingCase(
                testDescription: "that is an error of S3",
                pages: ["<Error><Code>SlowDown</Code><Message>Reduce</Message></Error>"],
                word: "SlowDown"),
            ListingCase(
                testDescription: "with a document type",
                pages: [whole.replacing("<ListV", with: "<!DOCTYPE x><ListV", maxReplacements: 1)]),
            // libxml2 would say so itself, before the program does.
            ListingCase(
                testDescription: "that says it is in another encoding, and is not",
                pages: [whole.replacing("encoding=\"UTF-8\"", with: "encoding=\"UTF-32\"")]),
            ListingCase(
                testDescription: "of another bucket",
                pages: [whole.replacing("<Name>hostile<", with: "<Name>another<")],
                word: "another"),
            ListingCase(
                testDescription: "with a key outside the prefix", pages: [whole], prefix: "etc/",
                word: "db/a.gpg"),
            ListingCase(
                testDescription: "with a date that is none",
                pages: [whole.replacing("2026-11-21T01", with: "2026-13-21T01")]),
            ListingCase(
                testDescription: "without a date",
                pages: [
                    whole.replacing(
                        "<LastModified>2026-11-21T01:05:00.000Z</LastModified>", with: "")
                ]),
            ListingCase(
                testDescription: "with a negative size",
                pages: [whole.replacing("<Size>100<", with: "<Size>-1<", maxReplacements: 1)]),
            ListingCase(
                testDescription: "that lists a version twice",
                pages: [whole.replacing("v2", with: "v1")], word: "v1"),
            ListingCase(
                testDescription: "whose key is not UTF-8",
                pages: [whole.replacing("db/a.gpg", with: "db/%FF.gpg")]),
        ]

        @Test("is refused, and no plan is ended", arguments: refused)
        func isRefused(_ listing: ListingCase) async throws {
            let outcome = try await run(listing)
            #expect(outcome.status == listing.status, "\(outcome.errorText)")
            #expect(outcome.errorText.hasPrefix("s3prune: error: "))
            #expect(outcome.errorText.contains(listing.word), "\(outcome.errorText)")
            #expect(!outcome.text.contains("\"type\":\"summary\""))
        }

        static let taken: [ListingCase] = [
            ListingCase(testDescription: "of one page", pages: [whole], status: 0),
            ListingCase(testDescription: "of two pages", pages: [first, rest], status: 0),
            ListingCase(
                testDescription: "with an empty page in the middle",
                pages: [
                    first, SavedListing(entries: [], next: ("db/a.gpg", "v0a")).xml, rest,
                ], status: 0),
            ListingCase(
                testDescription: "that lists the oldest first",
                pages: [SavedListing(entries: entries.reversed()).xml], status: 0),
            ListingCase(
                testDescription: "of a bucket without versions",
                pages: [SavedListing(entries: []).xml], status: 0),
            ListingCase(
                testDescription: "with two current versions of a key",
                pages: [whole.replacing(">false</IsLatest>", with: ">true</IsLatest>")], status: 6),
            ListingCase(
                testDescription: "without a current version of a key",
                pages: [whole.replacing(">true</IsLatest>", with: ">false</IsLatest>")], status: 6),
            ListingCase(
                testDescription: "with a version dated in the future",
                pages: [whole.replacing("2026-11-22", with: "2036-11-22")], status: 6),
        ]

        @Test("is taken, and the plan holds each of its versions", arguments: taken)
        func isTaken(_ listing: ListingCase) async throws {
            let outcome = try await run(listing)
            #expect(outcome.status == listing.status, "\(outcome.errorText)")
            let plan = try Plan(outcome)
            let listed = listing.pages.joined().matches(of: /<Version>/).count
            #expect(plan.versions.count == listed)
            #expect(plan.problems.isEmpty == (listing.status == 0))
        }

        @Test(
            "a key with a version from before S3 began is quarantined",
            arguments: ["1970-01-01", "2006-03-13"])
        func beforeS3(date: String) async throws {
            let listing = ListingCase(
                testDescription: "", pages: [Self.whole.replacing("2026-11-20", with: date)])
            let outcome = try await run(listing, "min-versions: 1\nkeep: { daily: 1 }\n")
            #expect(outcome.status == 6, "\(outcome.errorText)")
            let plan = try Plan(outcome)
            let version = try #require(plan.versions.last)
            #expect(version.last_modified.hasPrefix("\(date)T"))
            #expect(plan.versions.count(where: { $0.key == version.key }) > 1)
            #expect(
                plan.versions.allSatisfy { $0.key != version.key || $0.action != "delete" })
            #expect(plan.problems.map(\.code) == ["quarantine"])
        }

        @Test("a version of the first day of S3 is one of long ago: it holds a slot, or goes")
        func longAgo() async throws {
            let listing = ListingCase(
                testDescription: "", pages: [Self.whole.replacing("2026-11-20", with: "2006-03-14")]
            )
            for (keep, action) in [("daily: 3", "keep"), ("daily: 2", "delete")] {
                let outcome = try await run(listing, "min-versions: 1\nkeep: { \(keep) }\n")
                #expect(outcome.status == 0, "\(outcome.errorText)")
                let plan = try Plan(outcome)
                let version = try #require(plan.versions.last)
                #expect(version.last_modified.hasPrefix("2006-03-14T"))
                #expect(version.action == action)
                #expect(plan.problems.isEmpty)
            }
        }

        private func run(
            _ listing: ListingCase, _ rule: String = "keep: { daily: 1 }\n"
        ) async throws -> Command.Outcome {
            let program = try Program()
            let paths = try listing.pages.enumerated().flatMap { index, page in
                ["--listing", try program.home.write("page-\(index).xml", page)]
            }
            let policy = try program.policy(
                "version: 1\nbucket: s3://hostile/\(listing.prefix)\n\(rule)")
            return try await program.dryRun(policy, paths + ["--now", "2026-11-23T03:00:00Z"])
        }
    }
}
