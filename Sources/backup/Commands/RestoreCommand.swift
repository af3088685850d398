import ArgumentParser
import CivilTime
import Console
import Foundation
import Gzip
import Invocation
import OpenPGP
import S3

/// `backup restore`: fetch, decrypt, unpack.
struct RestoreCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Fetch one version, decrypt and unpack it, into a file or to standard output.",
        discussion: """
            Without --version-id and --at the current version is restored; where a delete marker \
            is current, the newest version below it. --at takes what was current at that time. \
            Either needs s3:ListBucketVersions and s3:GetObjectVersion, --version-id only the \
            latter.

            The file appears under its name only once everything is known to be whole: the \
            message was encrypted and is unchanged, the packing is complete. Standard output \
            ('--output -') gets bytes before that is known, so look at the exit code before you \
            trust them; the line of result then goes to standard error. Without --output the \
            file is named after the key, in the current directory, without .gpg and .gz.

            Encryption to a public key proves no origin: whoever may put objects can have made \
            the backup, unless --signer is given.
            """)

    @Argument(help: ArgumentHelp("What to restore.", valueName: "s3://bucket/key"))
    var object: String

    @Option(
        name: .customLong("version-id"), parsing: .unconditional,
        help: ArgumentHelp("The version, as 'backup list --versions' shows it.", valueName: "id"))
    var versionID: String?

    @Option(
        help: ArgumentHelp(
            "What was current at this time, such as 2026-11-20T03:00:00Z (all of that second).",
            valueName: "time"))
    var at: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The file to write, or - for standard output (default: named after the key).",
            valueName: "file"))
    var output: String?

    @Flag(help: "Replace the file if it exists.")
    var force = false

    @Option(
        name: .customLong("max-size"),
        help: ArgumentHelp(
            "Stop where more would come out.",
            discussion: "Default: what the file system has free, less 10%; for standard output "
                + "250 times the stored size, at least 1GiB.",
            valueName: "size"),
        transform: ByteSize.init(argument:))
    var maxSize: ByteSize?

    @Flag(help: "Fetch the object as it is stored: neither decrypt nor unpack it.")
    var raw = false

    @Option(
        help: ArgumentHelp(
            "How to unpack: auto, gzip, zstd or none.",
            discussion: "auto looks at the content, and leaves what was uploaded with "
                + "--compression none as it is.",
            valueName: "how"))
    var unpack = UnpackChoice.auto

    @Option(help: ArgumentHelp("The most ranges fetched at once, 1 to 64.", valueName: "n"))
    var concurrency = 4

    @OptionGroup(title: "Decryption") var decryption: DecryptionOptions

    @Option(help: "The form of the result: text or json.")
    var format = ResultFormat.text

    @Flag(name: .shortAndLong, help: "Say nothing but the result, warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    /// Whether the backup goes to standard output.
    var writesToStandardOutput: Bool { output == "-" }

    func validate() throws {
        guard (1...64).contains(concurrency) else {
            throw ValidationError("--concurrency is a number from 1 to 64")
        }
        if versionID != nil, at != nil {
            throw ValidationError("--version-id and --at exclude each other")
        }
        if raw, decryption.isGiven || unpack != .auto {
            throw ValidationError(
                "--raw neither decrypts nor unpacks: --passphrase-file, --signer, --gnupg-home and "
                    + "--unpack do not go with it")
        }
        if force, writesToStandardOutput {
            throw ValidationError("--force goes with a file")
        }
    }

    func perform() throws -> Console.ExitCode {
        let location = try S3Location(key: object)
        let selection = try Selection(versionID: versionID, at: at)
        if writesToStandardOutput, isatty(1) == 1 {
            throw Failure(
                .usage, "standard output is a terminal",
                hint: "pipe it into a program, or give --output FILE")
        }
        let configuration = try connection.configuration(
            environment: ProcessSafety.environment)
        let interruption = try Interruption()
        let client = try connection.client(
            configuration, cancellation: interruption.stop, diagnostics: diagnostics
        ) { $0.sleep = { interruption.stop.wait(seconds: $0) } }
        let session = RestoreSession(
            command: self, location: location, client: client, interruption: interruption,
            passphrase: try decryption.passphrase(), signer: try decryption.demandedSigner())
        return try session.run(selection)
    }
}

/// How the content of a message is unpacked.
enum UnpackChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, gzip, zstd, none
}
