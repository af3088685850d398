import ArgumentParser
import BackupPipeline
import Console
import Foundation
import Gzip
import Invocation
import OpenPGP
import S3

/// `backup upload`: compress, encrypt, store.
struct UploadCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Compress, encrypt to a public key and store, as a new version.",
        discussion: """
            Give the command that makes the dump after '--':

              backup upload s3://B/db.sql.gz.gpg --recipient key.asc -- pg_dump shop

            The version appears only if the command exits with status 0. From standard input \
            only the end of the stream is seen: a dump that fails half way looks like one that \
            is done, and is stored. So take the first form where you can; else --min-size \
            refuses what is too small, and an empty input is refused in any case. A pipeline hides \
            the same from the first form, unless it is one of a shell that looks:

              backup upload … -- bash -o pipefail -c 'pg_dump shop | sed s/a/b/'

            Needs s3:PutObject and nothing else. What is stored is an OpenPGP message of a gzip \
            stream: 'aws s3 cp … - | gpg -d | gunzip' reads it without this program. The command \
            does not get the secret keys of S3 in its environment.
            """)

    @Argument(help: ArgumentHelp("Where to store it.", valueName: "s3://bucket/key"))
    var object: String

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command whose output is stored.", valueName: "command"))
    var command: [String] = []

    @OptionGroup(title: "Encryption") var encryption: EncryptionOptions
    @OptionGroup(title: "Storing") var storing: StoringOptions

    @Option(
        name: .customLong("min-size"),
        help: ArgumentHelp(
            "Refuse an input of fewer bytes (default: 1B; 0 takes an empty one).",
            valueName: "size"),
        transform: ByteSize.init(argument:))
    var minSize = ByteSize(bytes: 1)

    @Option(
        name: .customLong("stall-timeout"),
        help: ArgumentHelp(
            "Give up where the input is silent for so long (default: wait for ever).",
            valueName: "duration"),
        transform: FixedDuration.init(argument:))
    var stallTimeout: FixedDuration?

    @Option(help: "The form of the result: text or json.")
    var format = ResultFormat.text

    @Flag(name: .shortAndLong, help: "Say nothing but the result, warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func perform() throws -> Console.ExitCode {
        let location = try S3Location(key: object)
        if command.isEmpty, isatty(0) == 1 {
            throw Failure(
                .usage, "standard input is a terminal: there is nothing to store",
                hint: "give a command after '--', or pipe its output into backup")
        }
        let environment = ProcessSafety.environment
        let configuration = try connection.configuration(environment: environment)
        let interruption = try Interruption()
        let client = try connection.client(
            configuration, cancellation: interruption.stop, diagnostics: diagnostics,
            ownSpan: 3600
        ) { storing.adjust(&$0, hasOwnLimit: configuration.maxAttempts != nil) }

        let recipients = try encryption.recipients(now: SystemClock.now())
        for warning in recipients.warnings { diagnostics.warning("\(warning)") }
        let session = UploadSession(
            command: self, location: location, client: client, interruption: interruption,
            recipients: recipients)
        return try session.run()
    }
}

/// The forms of a result of one line.
enum ResultFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
