import Foundation
import Properties
import Testing

extension EndToEnd {
    @Suite("a large listing")
    struct LargeListingTests {
        /// A listing that does not fit into what the program takes.
        struct Large: CustomTestStringConvertible, Sendable {
            var testDescription: String
            var versions: Int
            var keys: Int
            var format = "xml"
            /// What its lines go through.
            var through = "cat"
            /// Arguments that describe it, from the file of its columns.
            var columns = false
        }

        /// `LARGE_VERSIONS=10000000` for more.
        private static let many = Int(Soak.count("LARGE_VERSIONS", else: 150_000))

        /// Many keys stream through; one key with more than 100,000 versions goes to a file, and
        /// so does what has to be sorted: more than 65,000 versions.
        static let listings = [
            Large(testDescription: "XML of many keys", versions: many, keys: many / 100),
            Large(testDescription: "XML of one key", versions: 150_000, keys: 1),
            Large(testDescription: "aws JSON", versions: 90_000, keys: 900, format: "json"),
            Large(
                testDescription: "rows of an inventory in disorder", versions: 90_000, keys: 900,
                format: "csv", through: "shuf", columns: true),
        ]

        @Test("fits into 64 MiB", .enabled(if: Command.isUnsanitized), arguments: listings)
        func memory(listing: Large) async throws {
            let program = try Program()
            let path = program.home.path("listing")
            let made = try await Command(
                program: "/bin/sh",
                arguments: [
                    "-c", "\"$0\" \"$1\" \"$2\" \"$3\" | \(listing.through) > \"$4\"",
                    Places.script("stream-listing.py"), "\(listing.versions)", "\(listing.keys)",
                    listing.format, path,
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
            var arguments = ["--policy", policy, "--now", "2026-11-23T03:00:00Z", "--listing", "-"]
            if listing.columns {
                let columns = """
                    Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, \
                    StorageClass
                    """
                arguments += [
                    "--listing",
                    try program.home.write("manifest.json", #"{"fileSchema": "\#(columns)"}"#),
                ]
            }
            let (outcome, peakKiB) = try await program.command(arguments, input: path).runMeasured()
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let count = listing.versions.formatted(.number.locale(Locale(identifier: "en_US")))
            #expect(outcome.text.contains("of \(count) versions"))
            #expect(peakKiB < 64 << 10)
        }
    }
}
