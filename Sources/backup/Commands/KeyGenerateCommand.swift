import ArgumentParser
import Console
import Invocation
import OpenPGP

/// `backup key generate`: a new pair.
struct KeyGenerateCommand: ExitingCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make a pair of keys and print the public one.",
        discussion: """
            On the administrator's machine, never on a server:

              backup key generate 'Acme backups <backup@acme.example>' --output acme.asc

            The secret key stays in the keyring of gpg. Keep a copy of it where no server reaches, \
            and its passphrase elsewhere: without them no backup can be restored.

              gpg --armor --export-secret-keys FINGERPRINT

            Copy the file with the public key to the servers, and pin the fingerprint there \
            (backup upload --recipient acme.asc --fingerprint FINGERPRINT). A key that expires \
            stops backups on that day, so by default it does not.
            """)

    @Argument(
        help: ArgumentHelp("Whose key it is: 'Name <address>'.", valueName: "name"))
    var name: String

    @Option(
        help: ArgumentHelp(
            "curve25519, or rsa2048 to rsa4096 for readers older than 2015.",
            valueName: "algorithm"))
    var algorithm = "curve25519"

    @Option(
        help: ArgumentHelp(
            "How long the key can be encrypted to, such as 730d (default: for ever).",
            valueName: "duration"),
        transform: FixedDuration.init(argument:))
    var expires: FixedDuration?

    @Option(
        name: .customLong("passphrase-file"),
        help: ArgumentHelp(
            "Take the passphrase from the first line of this file (mode 0600), without a question.",
            valueName: "file"))
    var passphraseFile: String?

    @Flag(
        name: .customLong("no-passphrase"),
        help: "Protect the secret key with nothing but the disk.")
    var noPassphrase = false

    @OptionGroup var destination: KeyDestination

    func validate() throws {
        if passphraseFile != nil, noPassphrase {
            throw ValidationError("--passphrase-file and --no-passphrase exclude each other")
        }
    }

    func perform() throws -> Console.ExitCode {
        var generation = KeyGeneration(userID: name)
        guard let algorithm = KeyGeneration.Algorithm(algorithm) else {
            throw Failure(
                .usage, "unknown algorithm \(PrintableText.escape(algorithm))",
                hint: "curve25519, or rsa2048 to rsa4096")
        }
        generation.algorithm = algorithm
        generation.lifetime = try lifetime()
        if let passphraseFile {
            generation.protection = .passphrase(try Passphrase(file: passphraseFile))
        } else if noPassphrase {
            generation.protection = .none
        }
        let file = try destination.open()
        let key = try make(generation)
        try hand(over: key, to: file)
        var said = diagnostics
        said.isQuiet = destination.quiet
        if noPassphrase {
            said.warning(
                "the secret key has no passphrase: whoever reads this disk reads the backups",
                hint: "gpg --change-passphrase \(key.fingerprint)")
        }
        said.note("fingerprint \(key.fingerprint)")
        said.note("the secret key is in the keyring of gpg alone: keep a copy elsewhere")
        return .done
    }

    /// Writes the public key; what fails there does not hide that there is a pair.
    private func hand(over key: PublicKey, to file: ByteWriter) throws {
        do {
            try destination.write(
                try exportPublicKey(key.fingerprint, from: destination.keyring), to: file)
        } catch {
            var failure = Failure(error, of: Backup.self)
            failure.message += "; the pair is in the keyring: \(key.fingerprint)"
            failure.hint = "backup key export \(key.fingerprint) writes its public key"
            throw failure
        }
    }

    /// Where there is nobody to ask for a passphrase, gpg's words do not say what to do.
    private func make(_ generation: KeyGeneration) throws -> PublicKey {
        do {
            return try generation.run(in: destination.keyring)
        } catch let error as OpenPGPError {
            guard passphraseFile == nil, !noPassphrase, case .engine = error.code else {
                throw error
            }
            var failure = error.failure
            failure.hint = "gpg asks for a passphrase on a terminal; without one give "
            failure.hint? += "--passphrase-file or --no-passphrase"
            throw failure
        }
    }

    /// gpg counts the seconds in 32 bits.
    private func lifetime() throws -> Int64? {
        guard let expires else { return nil }
        guard (86_400...3_153_600_000).contains(expires.seconds) else {
            throw Failure(
                .usage, "--expires is \(expires), a key lasts a day to a hundred years",
                hint: "without it the key does not expire")
        }
        return Int64(expires.seconds)
    }
}
