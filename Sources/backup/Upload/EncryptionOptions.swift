public import ArgumentParser
import CivilTime
import Console
public import Gzip
import Invocation
import OpenPGP

extension Compression: ExpressibleByArgument {
    /// Reads an option's value.
    public init?(argument: String) { self.init(argument) }
    /// As an operator writes it.
    public var defaultValueDescription: String { description }
}

/// Whom a backup is encrypted to, and what is done with it before.
struct EncryptionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with the public key to encrypt to; may be given several times.",
            valueName: "file"))
    var recipient: [String] = []

    @Option(
        help: ArgumentHelp(
            "The full fingerprint that a key must have; may be given several times.",
            discussion: "Of the primary key or of an encryption subkey, 40 hexadecimal digits.",
            valueName: "fingerprint"))
    var fingerprint: [String] = []

    @Option(
        help: ArgumentHelp(
            "Sign with this secret key of your own keyring.", valueName: "fingerprint"))
    var sign: String?

    @Option(
        name: .customLong("passphrase-file"),
        help: ArgumentHelp(
            "A file with the passphrase of the signing key (mode 0600).", valueName: "file"))
    var passphraseFile: String?

    @Option(
        help: ArgumentHelp(
            "gzip, gzip:1 (fast) to gzip:9 (dense), zstd or none.", valueName: "how"))
    var compression = Compression.standard

    func validate() throws {
        guard !recipient.isEmpty else {
            throw ValidationError(
                "--recipient FILE is missing: the public key that only the administrator can "
                    + "undo. 'backup key generate' makes a pair")
        }
        if passphraseFile != nil, sign == nil {
            throw ValidationError("--passphrase-file goes with --sign")
        }
    }

    /// Reads and examines the keys.
    func recipients(now: Timestamp) throws -> Recipients {
        try Recipients(
            files: recipient, fingerprints: try fingerprint.map(Fingerprint.init(argument:)),
            now: now)
    }

    /// The key that signs, if one was asked for.
    func signer() throws -> OpenPGP.Signer? {
        guard let sign else { return nil }
        return OpenPGP.Signer(
            try Fingerprint(argument: sign),
            passphrase: try passphraseFile.map { try Passphrase(file: $0) })
    }
}
