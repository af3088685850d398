import Foundation
import Testing

/// An S3 server that `scripts/run-tests` started beside the tests.
struct TestServer: Sendable {
    /// As the scripts name it.
    var name: String
    /// Where it listens, over http on loopback.
    var endpoint: String
    /// The `TEST_…` variables that describe it.
    private var variables: [String: String]

    /// The Ceph RADOS Gateway: signatures, clocks and policies are enforced.
    static let ceph = TestServer(name: "ceph")
    /// moto: takes any signature.
    static let moto = TestServer(name: "moto")

    /// Nil where no such server was started.
    private init?(name: String) {
        let all = ProcessInfo.processInfo.environment
        guard let endpoint = all["TEST_\(name.uppercased())_ENDPOINT"] else { return nil }
        self.name = name
        self.endpoint = endpoint
        variables = all.filter { $0.key.hasPrefix("TEST_") }
    }

    /// Why a suite is skipped without its server.
    static let howToStart: Comment = "needs a server: scripts/run-tests starts it"

    subscript(variable: String) -> String {
        variables["TEST_\(name.uppercased())_\(variable)"] ?? ""
    }

    /// A user's keys, as the AWS conventions want them in the environment.
    func credentials(_ user: String = "admin") -> [String: String] {
        guard name != "moto" else {
            return ["AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"]
        }
        return [
            "AWS_ACCESS_KEY_ID": self["\(user.uppercased())_KEY"],
            "AWS_SECRET_ACCESS_KEY": self["\(user.uppercased())_SECRET"],
        ]
    }

    /// Creates a bucket and puts versions into it: lines of `TIME put|delete KEY SIZE`, tab separated.
    func load(_ bucket: String, versioning: String = "Enabled", _ lines: [String]) async throws {
        let scratch = try Scratch()
        let plan = try scratch.write("plan", lines.map { $0 + "\n" }.joined())
        _ = try await script(
            "load-versions.py", [name, bucket, "--versioning", versioning], input: plan)
    }

    /// Runs something while the clock of Ceph's loader gateway is ahead by so many seconds.
    func withClock<Result>(offset: Int, _ run: () async throws -> Result) async throws -> Result {
        let clock = URL(fileURLWithPath: self["CLOCK"])
        func set(_ offset: Int) throws {
            try Data(String(format: "%+d\n", offset).utf8).write(to: clock, options: .atomic)
        }
        try set(offset)
        defer { try? set(0) }
        return try await run()
    }

    /// Saves the listing of a bucket with boto3; the number of pages.
    func saveListing(_ bucket: String, to directory: String) async throws -> Int {
        let outcome = try await script("save-listing.py", [name, bucket, directory])
        return try #require(Int(outcome.text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    private func script(
        _ script: String, _ arguments: [String], input: String = "/dev/null"
    ) async throws -> Command.Outcome {
        let outcome = try await Command(
            program: Places.python, arguments: [Places.script(script)] + arguments,
            environment: variables, input: input
        ).run()
        guard outcome.status == 0 else {
            throw ScriptFailed(script: script, errors: outcome.errorText)
        }
        return outcome
    }

    /// Not a failed expectation: those count once, and what a suite loads is asked for by each test.
    struct ScriptFailed: Error {
        var script: String
        var errors: String
    }
}

@Suite("the servers of the tests")
struct TestServerTests {
    static let areRequired =
        ProcessInfo.processInfo.environment["TEST_SERVERS_REQUIRED"] != nil

    @Test("run where scripts/run-tests says they do", .enabled(if: areRequired))
    func areThere() {
        #expect(TestServer.ceph != nil)
        #expect(TestServer.moto != nil)
    }
}
