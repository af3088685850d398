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

    /// Puts one object with boto3; its version id.
    func put(_ content: String, to key: String, in bucket: String) async throws -> String {
        let scratch = try Scratch()
        let outcome = try await script(
            "objects.py", [name, "put", bucket, encoded(key), try scratch.write("it", content)])
        return try #require(outcome.lines.first.map(String.init))
    }

    /// Every version of a bucket as boto3 sees it, with its content.
    func versions(in bucket: String) async throws -> [StoredVersion] {
        let outcome = try await script("objects.py", [name, "versions", bucket])
        return try outcome.lines.map {
            try JSONDecoder().decode(StoredVersion.self, from: Data($0.utf8))
        }
    }

    /// The ids of the unfinished uploads of a bucket.
    func uploads(in bucket: String) async throws -> [String] {
        try await script("objects.py", [name, "uploads", bucket]).lines.map(String.init)
    }

    /// Sets the rules of a bucket's lifecycle: a list in JSON.
    func setLifecycle(_ rules: String, of bucket: String) async throws {
        let scratch = try Scratch()
        let path = try scratch.write("rules.json", rules)
        _ = try await script("objects.py", [name, "lifecycle", bucket, path])
    }

    /// What a bucket is set to, as text to compare: versioning, lifecycle, policy, ACL and more.
    func settings(of bucket: String) async throws -> String {
        try await script("objects.py", [name, "settings", bucket]).text
    }

    /// Gives the user pruner the rights of an IAM policy in a bucket, and no others.
    func allow(_ policy: String, in bucket: String) async throws {
        let scratch = try Scratch()
        let path = try scratch.write("policy.json", policy)
        _ = try await script("objects.py", [name, "policy", bucket, path])
    }

    /// A version that a server holds; a delete marker has no size, and what another user has put may
    /// have no content that can be seen.
    struct StoredVersion: Decodable, Equatable {
        var key: String
        var version_id: String
        var is_latest: Bool
        var size: Int?
        var content: String?
    }

    /// Runs Python that knows `test_servers`.
    func python(_ text: String) async throws -> Command.Outcome {
        let folder = "\(Places.repository)/scripts"
        let begin = "import sys\nsys.path.insert(0, '\(folder)')\nimport test_servers\n"
        let outcome = try await Command(
            program: Places.python, arguments: ["-c", begin + text], environment: variables
        ).run()
        guard outcome.status == 0 else {
            throw ScriptFailed(script: text, errors: outcome.errorText)
        }
        return outcome
    }

    /// Makes the uploader put-only and the pruner a pruner in a bucket that `backup setup` created.
    func setRights(of bucket: String) async throws {
        _ = try await script("set-rights.py", [bucket])
    }

    /// Runs a script of the repository, with the addresses of the servers in its environment.
    func script(
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
