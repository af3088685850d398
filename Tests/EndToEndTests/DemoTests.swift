import Testing

extension EndToEnd {
    /// What `make demo` shows: three years of nightly backups with everything that goes wrong.
    @Suite("the bucket kept in the repository")
    struct DemoTests {
        static let arguments = [
            "--dry-run", "--policy", "\(Places.repository)/policies/acme-backups.yaml",
            "--listing", "\(Places.repository)/fixtures/listings/acme-backups",
            "--now", "2026-11-23T03:00:00Z",
        ]

        /// Each problem that the listing was made with, and no other.
        static let problems = [
            "shrunk db/birka/crm.sql.gz.gpg", "crowd db/cadiz/intranet.sql.gz.gpg",
            "silent db/delft/forum.sql.gz.gpg", "unmatched db/scratch/import-test.sql.gz.gpg",
            "silent etc/delft.tar.gz.gpg", "silent home/egil.tar.gz.gpg",
            "future home/marta.tar.gz.gpg",
        ]

        @Test("has seven problems, each named with its key")
        func problemsAndCounts() async throws {
            let outcome = try await Program().s3prune(Self.arguments + ["--format", "json"])
            #expect(outcome.status == 6, "\(outcome.errorText)")
            let plan = try Plan(outcome)
            #expect(plan.problems.map { "\($0.code) \($0.key ?? "")" } == Self.problems)
            #expect(plan.summary.versions == 10_282)
            #expect(plan.summary.keys == 19)
            #expect(plan.summary.refused == nil)
        }

        @Test("loses nothing that is current, of a key on hold, or beyond the rules")
        func keeps() async throws {
            let plan = try await Plan(Program().s3prune(Self.arguments + ["--format", "json"]))
            let deleted = plan.versions.filter { $0.action == "delete" }
            #expect(deleted.count == plan.summary.delete)
            #expect(!deleted.contains { $0.is_latest })
            #expect(!deleted.contains { $0.key.hasPrefix("legal/") || $0.rule == nil })
            let onHold = ["db/birka/crm.sql.gz.gpg", "db/delft/forum.sql.gz.gpg"]
            #expect(!deleted.contains { onHold.contains($0.key) })
        }

        @Test("loses a marker in the middle of a history with the last version below it")
        func marker() async throws {
            let plan = try await Plan(Program().s3prune(Self.arguments + ["--format", "json"]))
            let history = plan.versions.filter { $0.key == "etc/birka.tar.gz.gpg" }
            let index = try #require(history.firstIndex { $0.delete_marker })
            #expect(history[index].last_modified.hasPrefix("2025-03-10"))
            #expect(history[index...].allSatisfy { $0.action == "delete" })
            #expect(history[index...].count > 50)
        }

        @Test("gives a report of at most 80 columns that names every problem")
        func report() async throws {
            let outcome = try await Program().s3prune(Self.arguments)
            #expect(outcome.lines.allSatisfy { $0.count <= 80 })
            #expect(outcome.lines.first?.hasPrefix("acme-backups: ") == true)
            for problem in Self.problems {
                #expect(outcome.lines.contains("  \(problem)"), "\(problem)")
            }
            #expect(outcome.errors.isEmpty, "\(outcome.errorText)")
        }
    }
}
