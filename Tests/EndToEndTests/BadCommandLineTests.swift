import Testing

extension EndToEnd {
    @Suite("what an operator types wrong")
    struct BadCommandLineTests {
        static let commandLines: [[String]] = [
            ["--frobnicate"], ["frobnicate"], ["--format", "yaml"], ["--now", "yesterday"],
            ["--dry-run", "--apply"], ["--listing", "x"], ["--expect-deletes", "-1"],
            ["--expect-deletes", "many"], ["--plan-out", "-"],
            ["--output", "x", "--plan-out", "x"],
            ["retire", "s3://b/k", "--yes"], ["policy", "frobnicate"],
            ["--policy", "a.yaml", "--policy", "b.yaml", "--listing", "x", "--now", now],
        ]
        static let now = "2026-11-23T03:00:00Z"

        @Test("an option or command that makes no sense is a usage error", arguments: commandLines)
        func usage(arguments: [String]) async throws {
            let outcome = try await Program().s3prune(arguments)
            #expect(outcome.status == 64, "\(outcome.text)\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.hasPrefix("s3prune: error: "), "\(outcome.errorText)")
        }

        /// A policy, the place its first problem is at, and a word of the message.
        static let policies: [(text: String, place: String, word: String)] = [
            ("", ": ", "no policy"),
            ("\u{0}\u{1}\u{2}", ":1:1: ", ""),
            ("version: 1\nbucket: hostile\nkeep: {}\n", ":3:7: ", "keep"),
            ("version: 1\nbucket: hostile\nkeep: { daily: 0 }\n", ":3:16: ", "0"),
            ("version: 1\nbucket: hostile\nkeep: { daily: -3 }\n", ":3:16: ", "-3"),
            ("version: 1\nbucket: hostile\nkeep: { daily: 1e309 }\n", ":3:16: ", "1e309"),
            ("version: 1\nbucket: hostile\nkeep: { dayly: 7 }\n", ":3:9: ", "daily"),
            (
                "version: 1\nbucket: hostile\nmin-age: 3m\nkeep: all\n", ":3:11: ",
                "minutes or months"
            ),
            ("version: 1\nbucket: hostile\nkeep: all\nkeep: all\n", ":4:1: ", "keep"),
            (
                "version: 1\nbucket: hostile\ntimezone: Europe/Berlni\nkeep: all\n", ":3:11: ",
                "Berlin"
            ),
        ]

        @Test("a bad policy is refused with its place and the line itself", arguments: policies)
        func badPolicy(bad: (text: String, place: String, word: String)) async throws {
            let program = try Program()
            let path = try program.policy(bad.text)
            let run = try await program.s3prune([
                "--policy", path, "--listing", "/dev/null", "--now", Self.now,
            ])
            let check = try await program.s3prune(["policy", "check", path])
            for outcome in [run, check] {
                #expect(outcome.status == 78, "\(outcome.errorText)")
                let said = outcome.errorText + outcome.text
                #expect(said.contains(path + bad.place), "\(said)")
                #expect(said.contains(bad.word), "\(said)")
            }
        }

        @Test(
            "a policy file that is not there, or has no end, is refused at once",
            .enabled(if: Command.isUnsanitized))
        func unreadable() async throws {
            for path in ["/nowhere/policy.yaml", "/dev/zero", "/"] {
                let (outcome, peakKiB) = try await Program().command([
                    "--policy", path, "--listing", "/dev/null", "--now", Self.now,
                ]).runMeasured()
                #expect(outcome.status == 78, "\(outcome.errorText)")
                #expect(outcome.errorText.contains(path))
                #expect(peakKiB < 64 << 10)
            }
        }
    }
}
