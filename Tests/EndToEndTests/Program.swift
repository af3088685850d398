import Foundation

/// A run of `s3prune` or `backup` in a home of its own, where nothing of the machine's configuration reaches it.
struct Program {
    let home: Scratch
    var environment: [String: String]

    init() throws {
        home = try Scratch()
        environment = [
            "HOME": home.directory, "XDG_STATE_HOME": home.path("state"),
            "XDG_CONFIG_HOME": home.path("config"), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
        ]
    }

    /// With a server's address and a user's keys in the environment, as the AWS conventions say.
    init(at server: TestServer, as user: String = "admin", endpoint: String? = nil) throws {
        try self.init()
        environment["AWS_ENDPOINT_URL_S3"] = endpoint ?? server.endpoint
        environment["AWS_REGION"] = "us-east-1"
        environment.merge(server.credentials(user)) { $1 }
    }

    /// Writes a policy into the home and returns its path.
    func policy(_ text: String, name: String = "policy.yaml") throws -> String {
        try home.write(name, text)
    }

    /// `s3prune` with the arguments, not yet run.
    func command(_ arguments: [String], input: String = "/dev/null") -> Command {
        Command(
            program: "\(Places.products)/s3prune", arguments: arguments, environment: environment,
            input: input)
    }

    /// Runs `backup` with the arguments.
    func backup(_ arguments: [String], input: String = "/dev/null") async throws -> Command.Outcome
    {
        try await run("\(Places.products)/backup", arguments, input: input)
    }

    /// Runs any program in the same home and environment.
    func run(
        _ program: String, _ arguments: [String], input: String = "/dev/null"
    ) async throws -> Command.Outcome {
        try await Command(
            program: program, arguments: arguments, environment: environment, input: input
        ).run()
    }

    /// Runs `s3prune` with the arguments.
    func s3prune(_ arguments: [String]) async throws -> Command.Outcome {
        try await command(arguments).run()
    }

    /// A dry run against the bucket of the policy; what it prints as JSON Lines.
    func dryRun(_ policy: String, _ options: [String] = []) async throws -> Command.Outcome {
        try await s3prune(["--dry-run", "--policy", policy, "--format", "json"] + options)
    }
}
