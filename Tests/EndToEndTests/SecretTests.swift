import Foundation
import Testing

extension EndToEnd.WithCeph {
    @Suite(
        "secrets", .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct SecretTests {
        /// What the command of an upload can see of this machine: all argument lists, its own
        /// environment, that of the gpg of this very upload, and the limits of the program that
        /// started it. It puts out so much first that gpg runs by then.
        private static let spy = """
            \(noise)
            cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' >"$SPY/argv"
            tr '\\0' '\\n' </proc/self/environ >"$SPY/environ"
            for process in /proc/[0-9]*; do
                [ "$(cat $process/comm)" = gpg ] || continue
                grep -qs "SPY=$SPY" $process/environ || continue
                tr '\\0' '\\n' <$process/environ
            done >"$SPY/gpg" 2>/dev/null
            grep 'core file' /proc/$PPID/limits >"$SPY/limits"
            """

        @Test("are in no argument list, environment of a child, output or core file")
        func nowhere() async throws {
            let ceph = try #require(TestServer.ceph)
            let pair = try await KeyPair.shared.value
            let scratch = try Scratch()
            try await ceph.load("secrets", ["2026-11-20T01:05:00Z\tput\tdb/a\t100"])
            var program = try Program(at: ceph)
            program.environment["GNUPGHOME"] = pair.home
            program.environment["SPY"] = scratch.directory
            let secret = try #require(program.environment["AWS_SECRET_ACCESS_KEY"])
            let policy = try program.policy("version: 1\nbucket: secrets\nkeep: { daily: 3 }\n")

            let object = "s3://secrets/db/a.gpg"
            let backups: [[String]] = [
                [
                    "upload", object, "--recipient", pair.publicKey("curve"), "--debug", "--",
                    "sh", "-c", Self.spy,
                ],
                ["list", "--versions", "s3://secrets/", "--debug"],
                ["verify", object, "--debug"],
                ["restore", object, "--output", scratch.path("restored"), "--debug"],
                ["presign", object, "--debug"], ["grant", object, "--debug"],
                ["grant", object, "--format", "json"], ["grant", object, "--format", "html"],
                ["iam", "uploader", "--bucket", "secrets"],
                ["setup", "s3://secrets", "--dry-run", "--debug"],
                ["restore", "s3://secrets/nothing", "--output", "-", "--debug"],
            ]
            for words in backups {
                let outcome = try await program.backup(words)
                #expect(!(outcome.text + outcome.errorText).contains(secret), "\(words)")
            }
            let plan = scratch.path("plan")
            let prunes: [[String]] = [
                ["--policy", policy, "--plan-out", plan, "--debug"],
                ["--policy", policy, "--format", "json"], ["--policy", policy, "--format", "html"],
                ["--apply", "--yes", "--policy", policy, "--debug"],
                ["apply", plan, "--yes", "--debug"], ["uploads", "--policy", policy, "--debug"],
                ["explain", object, "--policy", policy, "--debug"],
            ]
            for words in prunes {
                let outcome = try await program.s3prune(words)
                #expect(!(outcome.text + outcome.errorText).contains(secret), "\(words)")
            }

            for name in ["argv", "environ", "gpg", "plan", "restored"] {
                let text = String(decoding: try scratch.read(name), as: UTF8.self)
                #expect(!text.isEmpty, "\(name)")
                #expect(!text.contains(secret), "\(name)")
            }
            #expect(String(decoding: try scratch.read("environ"), as: UTF8.self).contains("SPY="))
            let limits = String(decoding: try scratch.read("limits"), as: UTF8.self)
            #expect(limits.split(separator: " ").dropFirst(4).first == "0", "\(limits)")
        }
    }
}
