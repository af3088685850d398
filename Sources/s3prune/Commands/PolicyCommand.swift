import ArgumentParser
import Console
import Invocation
import PolicyFile

/// `s3prune policy`: what has to do with policy files alone, without network.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check policy files, print a new one or the schema.",
        subcommands: [Check.self, Init.self, Schema.self])
}

extension PolicyCommand {
    /// `s3prune policy check FILE…`
    struct Check: ExitingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check policy files and say in words what they keep.",
            discussion: "Reports every problem of every file at once. Exit code 78 if there is one."
        )

        @Argument(help: "The policy files.")
        var files: [String]

        func perform() throws -> Console.ExitCode {
            var policies: [Policy] = []
            var problems: [PolicyProblem] = []
            for file in files {
                do throws(PolicyProblems) {
                    let (bytes, remarks) = try Policy.read(path: file)
                    let (policy, warnings) = try Policy.load(bytes: bytes, path: file)
                    policies.append(policy)
                    for warning in remarks + warnings { diagnostics.raw(warning.rendering) }
                } catch {
                    problems += error.problems
                }
            }
            problems += Policy.overlaps(policies)
            for problem in problems { diagnostics.raw(problem.rendering) }
            try ByteWriter.print(policies.map { $0.summary + "\n" }.joined())
            guard problems.isEmpty else {
                throw Failure(
                    .configuration, "\(Quantity.count(problems.count, "problem")) found")
            }
            return .done
        }
    }

    /// `s3prune policy init`
    struct Init: ExitingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a commented policy file to start from.")

        func perform() throws -> Console.ExitCode {
            try ByteWriter.print(policyTemplate)
            return .done
        }
    }

    /// `s3prune policy schema`
    struct Schema: ExitingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the JSON schema of policy files, for editors.")

        func perform() throws -> Console.ExitCode {
            try ByteWriter.print(policySchema)
            return .done
        }
    }
}
