import ArgumentParser
import Console
import Glibc

/// The program: parses the command line, runs one command, says how it ended.
@main
struct Program {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    static func run(_ arguments: [String]) -> Console.ExitCode {
        do {
            var command = try S3Prune.parseAsRoot(arguments)
            if let command = command as? any S3PruneCommand { return try command.perform() }
            try command.run()
            return .done
        } catch {
            return report(error)
        }
    }

    /// Prints what ended the program; help and versions go to standard output.
    private static func report(_ error: any Error) -> Console.ExitCode {
        if S3Prune.exitCode(for: error) == .success {
            print(S3Prune.fullMessage(for: error))
            return .done
        }
        let failure = Failure(error)
        diagnostics.error(failure.message, hint: failure.hint)
        return failure.code
    }
}

/// What the program says beside its reports.
let diagnostics = Diagnostics(program: "s3prune")

/// The root of the commands.
struct S3Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "s3prune",
        abstract: "Watch the versions of backups in S3 and delete them as they expire.",
        discussion: """
            Lists the object versions of a versioned bucket, applies the retention rules of \
            policy files, and reports what would be deleted and why. This version deletes \
            nothing.

            Start with 's3prune policy init > policy.yaml', then 's3prune --policy policy.yaml'.

            Exit codes: 0 done, 1 failed, 2 deletions pending (--exit-code), 3 refused by a \
            guard, 6 done with problems found, 64 usage, 75 temporary failure, 77 credentials \
            or permission, 78 policy or configuration.
            """,
        version: "0.1.0",
        subcommands: [RunCommand.self, PolicyCommand.self],
        defaultSubcommand: RunCommand.self)
}

/// A command that ends with one of the exit codes of the program.
protocol S3PruneCommand: ParsableCommand {
    /// Does the work.
    func perform() throws -> Console.ExitCode
}
