import ArgumentParser
import Console
import Foundation
import Invocation
import OpenPGP
import S3

/// `backup verify`: whether what is stored is what a restore will need.
struct VerifyCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Look whether backups are encrypted, to whom, and, with --full, whether they open.",
        discussion: """
            Without a secret key the first 8 KiB of each version are fetched: an OpenPGP message, \
            encrypted, protected against changes, to each of the named keys and to no others. With \
            --full and the secret key everything is fetched, decrypted and unpacked, and written \
            nowhere.

            Looked at is the current version of each key; with --all every version. A key that \
            ends with * stands for all keys that begin with what is before it; those of which a \
            delete marker is current are counted, and are a failure where there are no others. \
            --token finds the version of an upload whose outcome was not known, by the token that \
            upload printed.

            Needs s3:ListBucketVersions and s3:GetObjectVersion, with --version-id only the \
            latter. One line a version; the exit code is 6 where one fails or there is none, 0 \
            where all pass.
            """)

    @Argument(
        help: ArgumentHelp(
            "What to look at; may be given several times.", valueName: "s3://bucket/key"))
    var objects: [String]

    @Option(
        name: .customLong("version-id"), parsing: .unconditional,
        help: ArgumentHelp("Only this version; goes with one key.", valueName: "id"))
    var versionID: String?

    @Flag(help: "Look at every version, not only at what is current.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "Look only for the version that this upload made.",
            discussion: "Any uploader can write any token into the metadata.", valueName: "token"))
    var token: String?

    @Option(
        help: ArgumentHelp(
            "A file with a public key that must be encrypted to; may be given several times.",
            valueName: "file"))
    var recipient: [String] = []

    @Option(
        help: ArgumentHelp(
            "The full fingerprint of a key or subkey that must be encrypted to; several times.",
            discussion: "Without --recipient that of the encryption subkey.",
            valueName: "fingerprint"))
    var fingerprint: [String] = []

    @Flag(
        name: .customLong("any-recipient"),
        help: ArgumentHelp(
            "One of the named keys is enough, where versions are older than some of them."))
    var anyRecipient = false

    @Flag(help: "Decrypt and unpack everything; needs the secret key.")
    var full = false

    @Option(
        name: .customLong("max-size"),
        help: ArgumentHelp(
            "Fail a version that more comes out of (default: 250 times its size, at least 1GiB).",
            valueName: "size"),
        transform: ByteSize.init(argument:))
    var maxSize: ByteSize?

    @Option(help: ArgumentHelp("The most requests at once, 1 to 64.", valueName: "n"))
    var concurrency = 4

    @OptionGroup(title: "Decryption, with --full") var decryption: DecryptionOptions

    @Option(help: "The form: text for people, json for programs (JSON Lines).")
    var format = ResultFormat.text

    @Flag(name: .shortAndLong, help: "Say nothing but the lines, warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func validate() throws {
        guard !objects.isEmpty else {
            throw ValidationError("name what to look at: s3://BUCKET/KEY")
        }
        guard (1...64).contains(concurrency) else {
            throw ValidationError("--concurrency is a number from 1 to 64")
        }
        if versionID != nil, objects.count > 1 || all || token != nil {
            throw ValidationError("--version-id goes with one key, without --all and --token")
        }
        if anyRecipient, recipient.isEmpty, fingerprint.isEmpty {
            throw ValidationError("--any-recipient goes with --recipient or --fingerprint")
        }
        if token != nil, all { throw ValidationError("--token looks at every version by itself") }
        if !full, decryption.isGiven || maxSize != nil {
            throw ValidationError(
                "--passphrase-file, --signer, --gnupg-home and --max-size go with --full")
        }
    }

    func perform() throws -> Console.ExitCode {
        let places = try objects.map { try VerifiedPlace($0) }
        let version = try versionID.map { text in
            guard case .id(let id) = try Selection(versionID: text, at: nil), !places[0].isPrefix
            else { throw Failure(.usage, "--version-id goes with one key, not with a prefix") }
            return id
        }
        let expected = try expectedKeys()
        let configuration = try connection.configuration(
            environment: ProcessSafety.environment)
        let interruption = try Interruption()
        let client = try connection.client(
            configuration, cancellation: interruption.stop, diagnostics: diagnostics
        ) { $0.sleep = { interruption.stop.wait(seconds: $0) } }
        let session = try VerifySession(
            command: self, client: client, interruption: interruption, expected: expected)
        return try session.run(places, only: version)
    }
}

/// A key or, with `*` at its end, all keys that begin like it.
struct VerifiedPlace {
    /// Bucket, and key or prefix.
    let location: S3Location
    /// Whether it is a prefix.
    let isPrefix: Bool

    init(_ argument: String) throws {
        isPrefix = argument.hasSuffix("*")
        location =
            isPrefix
            ? try S3Location(String(argument.dropLast())) : try S3Location(key: argument)
    }
}
