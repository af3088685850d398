import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("a policy file that others may write to")
    struct PolicyFileModeTests {
        @Test("is refused where it would delete, before anything is asked of S3")
        func refused() async throws {
            let server = try FaultServer([])
            defer { server.stop() }
            var program = try Program()
            program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
            program.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
            program.environment["AWS_MAX_ATTEMPTS"] = "1"
            let policy = try program.policy("version: 1\nbucket: writable\nkeep: { daily: 1 }\n")
            #expect(chmod(policy, 0o666) == 0)
            let options = [
                "--policy", policy, "--endpoint-url", server.url, "--region", "us-east-1",
            ]
            let outcome = try await program.s3prune(["--apply", "--yes"] + options)
            #expect(outcome.status == 78, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("everybody may write to the file"))
            #expect(outcome.errorText.contains("chmod go-w \(policy)"))
            #expect(server.requests.isEmpty)
            let dry = try await program.s3prune(options)
            #expect(dry.errorText.contains("warning: everybody may write to the file"))
            #expect(!server.requests.isEmpty)
        }
    }
}
