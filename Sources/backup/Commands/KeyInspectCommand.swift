import ArgumentParser
import Console
import Invocation
import OpenPGP

/// `backup key inspect`: what a file of public keys is good for.
struct KeyInspectCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show the keys of a file: fingerprints, expiry, what they can do.",
        discussion: """
            Looks at the file alone, in a keyring of its own that is gone afterwards. Exit code 6 \
            if a key cannot be encrypted to, or will expire within 60 days, or is weak: run it \
            nightly on the servers.
            """)

    @Argument(
        help: ArgumentHelp("Files with public keys, armored or binary.", valueName: "file"))
    var files: [String]

    @Option(help: "The form: text for people, json for programs (a key a line).")
    var format = ListFormat.text

    func perform() throws -> Console.ExitCode {
        let output = ByteWriter.standardOutput()
        let now = SystemClock.now()
        var isWell = true
        for file in files {
            let inspection = try KeyInspection(file: file, now: now)
            for entry in inspection.entries {
                let report = KeyReport(file: file, entry: entry)
                try output.write(format == .json ? report.line : Array(report.text.utf8))
                if entry.problem != nil || !entry.warnings.isEmpty { isWell = false }
            }
        }
        try output.finish()
        return isWell ? .done : .problems
    }
}
