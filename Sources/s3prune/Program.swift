import ArgumentParser
import Console
import Invocation
import Synchronization

/// The program.
@main
struct Program {
    static func main() { Invocation(of: S3Prune.self, diagnostics: diagnostics).runAndExit() }
}

/// What the program says beside its reports.
var diagnostics: Diagnostics {
    let quiet = isQuiet.load(ordering: .relaxed)
    return Diagnostics(program: "s3prune", isQuiet: quiet, hidesWarnings: quiet)
}

/// Whether `--quiet` was given: nothing is said but errors.
private let isQuiet = Atomic<Bool>(false)

/// Lets nothing be said from now on but errors.
func beQuiet() { isQuiet.store(true, ordering: .relaxed) }

/// The root of the commands.
struct S3Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "s3prune",
        abstract: "Watch the versions of backups in S3 and delete them as they expire.",
        discussion: """
            Lists the object versions of a versioned bucket, applies the retention rules of \
            policy files, and reports what would be deleted and why. Nothing is deleted \
            without --apply.

            Start with 's3prune policy init > policy.yaml', then 's3prune --policy policy.yaml'.

            Exit codes: 0 done, 1 failed, 2 deletions pending (--exit-code), 3 refused by a \
            guard, nothing deleted, 4 partial, 5 outcome unknown, 6 done with problems found, \
            64 usage, 75 temporary failure, 77 credentials or permission, 78 policy or \
            configuration, 130 and 143 ended by a signal.
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, ApplyCommand.self, ExplainCommand.self, UploadsCommand.self,
            RetireCommand.self,
            PolicyCommand.self,
        ],
        defaultSubcommand: RunCommand.self)
}
