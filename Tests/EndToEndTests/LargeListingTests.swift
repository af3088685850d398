import Testing

extension EndToEnd {
    @Suite("a large listing")
    struct LargeListingTests {
        /// Many keys stream through; one key with more than 100,000 versions goes to a file.
        @Test("fits into 64 MiB", arguments: [(150_000, 1_500), (150_000, 1)])
        func memory(versions: Int, keys: Int) async throws {
            let program = try Program()
            let listing = program.home.path("listing.xml")
            let made = try await Command(
                program: "/bin/sh",
                arguments: [
                    "-c", "\"$0\" \"$1\" \"$2\" > \"$3\"", Places.script("stream-listing.py"),
                    "\(versions)", "\(keys)", listing,
                ],
                environment: program.environment
            ).run()
            try #require(made.status == 0, "\(made.errorText)")

            let policy = try program.policy(
                """
                version: 1
                bucket: stream
                limits: { max-delete: 100% }
                keep: { hourly: 24, daily: 14, weekly: 8 }
                """)
            let (outcome, peakKiB) = try await program.command(
                ["--policy", policy, "--now", "2026-11-23T03:00:00Z", "--listing", "-"],
                input: listing
            ).runMeasured()
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.text.contains("150,000"))
            #expect(peakKiB < 64 << 10)
        }
    }
}
