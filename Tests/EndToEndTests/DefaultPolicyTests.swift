import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// Which policies a run without `--policy` reads, and what its exit code says.
    @Suite("policies that are found, and exit codes of a dry run")
    struct DefaultPolicyTests {
        private func rig(_ course: PruneStore.Course = .init()) throws -> PruneRig {
            let nightly = PruneStore.nightly(keys: 2, versions: 2)
            return try PruneRig(PruneStore(["one": nightly, "two": nightly], course))
        }

        private func write(_ rig: PruneRig, _ files: [String: String]) throws {
            for (path, bucket) in files {
                let whole = rig.program.home.path(path)
                try FileManager.default.createDirectory(
                    atPath: (whole as NSString).deletingLastPathComponent,
                    withIntermediateDirectories: true)
                try rig.program.home.write(
                    path, "version: 1\nbucket: \(bucket)\nkeep: { daily: 3 }\n")
            }
        }

        private func buckets(_ outcome: Command.Outcome) -> [String] {
            outcome.lines.compactMap { line in
                line.firstMatch(of: /^\{"type":"plan",.*?"bucket":"(.*?)"/).map { String($0.1) }
            }
        }

        @Test("are every *.yaml of $S3PRUNE_POLICIES, in the order of their names")
        func named() async throws {
            var rig = try rig()
            try write(
                rig,
                [
                    "p/2.yaml": "one", "p/10.yaml": "two", "p/.hidden.yaml": "three",
                    "p/3.yml": "three", "p/notes.yaml.bak": "three",
                    "config/s3prune/policies/x.yaml": "three",
                ])
            rig.program.environment["S3PRUNE_POLICIES"] = rig.program.home.path("p")
            let outcome = try await rig.program.s3prune(["--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(buckets(outcome) == ["two", "one"])
        }

        @Test("else those below $XDG_CONFIG_HOME, else below the home", arguments: [true, false])
        func found(isXDG: Bool) async throws {
            var rig = try rig()
            try write(
                rig,
                [
                    "config/s3prune/policies/x.yaml": "one",
                    ".config/s3prune/policies/x.yaml": "two",
                ])
            // Set but empty is not set.
            rig.program.environment["S3PRUNE_POLICIES"] = ""
            if !isXDG { rig.program.environment["XDG_CONFIG_HOME"] = "" }
            let outcome = try await rig.program.s3prune(["--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(buckets(outcome) == [isXDG ? "one" : "two"])
        }

        @Test("a folder without policies, or that is not there, is an error")
        func none() async throws {
            var rig = try rig()
            try write(rig, ["config/s3prune/policies/x.yaml": "one", "p/readme.txt": "two"])
            for folder in ["p", "nowhere"] {
                rig.program.environment["S3PRUNE_POLICIES"] = rig.program.home.path(folder)
                for options in [[], ["--apply", "--yes"]] {
                    let outcome = try await rig.program.s3prune(options)
                    #expect(outcome.status == 78, "\(outcome.errorText)")
                    #expect(outcome.errorText.contains("there is no policy file"))
                }
            }
            #expect(rig.server.requests.isEmpty)
        }

        struct Ending: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var policy: String
            var options: [String]
            var status: Int32
        }

        static let dryRuns = [
            Ending(
                testDescription: "deletions without --exit-code", policy: "", options: [],
                status: 0),
            Ending(
                testDescription: "deletions", policy: "", options: ["--exit-code"], status: 2),
            Ending(
                testDescription: "none", policy: "min-age: 30d\n", options: ["--exit-code"],
                status: 0),
            Ending(
                testDescription: "deletions and a problem",
                policy: "pins: [{ key: x, version-id: gone, why: w }]\n",
                options: ["--exit-code"], status: 6),
            Ending(
                testDescription: "a plan over a limit",
                policy: "limits: { max-delete-versions: 1 }\n", options: [], status: 6),
            Ending(
                testDescription: "a plan over a limit, and --exit-code",
                policy: "limits: { max-delete-bytes: 1B }\n", options: ["--exit-code"], status: 6),
        ]

        @Test(
            "a dry run ends with 0, with 2 for pending deletions, and before it 6",
            arguments: dryRuns)
        func endings(_ ending: Ending) async throws {
            let rig = try rig()
            let base = ending.policy.contains("min-age") ? "" : "min-age: 0\n"
            let policy = try rig.program.policy(
                "version: 1\nbucket: one\nmin-versions: 1\nkeep-oldest: false\n"
                    + "keep: { daily: 1 }\n" + base + ending.policy)
            let outcome = try await rig.program.s3prune(["--policy", policy] + ending.options)
            #expect(outcome.status == ending.status, "\(outcome.text)\(outcome.errorText)")
            #expect(rig.store.deletions == 0)
        }

        @Test("where a second factor is asked for a dry run warns and goes on")
        func needsMFA() async throws {
            var course = PruneStore.Course()
            course.versioning["one"] = "<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>"
            let rig = try rig(course)
            let outcome = try await rig.program.s3prune(["--policy", rig.policy("one")])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("warning: bucket one: MFA delete is on"))
            let quiet = try await rig.program.s3prune(["--policy", rig.policy("one"), "--quiet"])
            #expect(quiet.status == 0 && quiet.errors.isEmpty, "\(quiet.errorText)")
            #expect(quiet.text.contains("one: "))
        }

        @Test("--quiet says nothing but errors, and errors all the same")
        func quiet() async throws {
            var course = PruneStore.Course()
            course.listing = { _ in .error(403, "AccessDenied") }
            let rig = try rig(course)
            // A rule without slots is worth a warning, a file that others may write to too.
            let policy = try rig.policy("one", keep: "last: 1")
            chmod(policy, 0o664)
            let outcome = try await rig.program.s3prune(["--policy", policy, "--quiet"])
            #expect(outcome.status == 77)
            #expect(outcome.errorText.hasPrefix("s3prune: error: "), "\(outcome.errorText)")
            #expect(!outcome.errorText.contains("warning"), "\(outcome.errorText)")
            let loud = try await rig.program.s3prune(["--policy", policy])
            #expect(loud.errorText.contains("warning"), "\(loud.errorText)")
        }

        @Test("a plan file is replaced only by a whole plan")
        func planIsWhole() async throws {
            var course = PruneStore.Course()
            course.pageSize = 2
            course.page = { number, right in number == 1 ? .error(403, "AccessDenied") : right }
            let rig = try rig(course)
            let folder = rig.program.home.path("plans")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
            let path = try rig.program.home.write("plans/plan", "the old plan\n")
            let outcome = try await rig.program.s3prune(
                ["--policy", rig.policy("one"), "--plan-out", path])
            #expect(outcome.status == 77, "\(outcome.errorText)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["plan"])
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "the old plan\n")
        }
    }
}
