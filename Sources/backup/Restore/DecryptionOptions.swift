import ArgumentParser
import OpenPGP

/// Where the secret key is, and who must have signed.
struct DecryptionOptions: ParsableArguments {
    @Option(
        name: .customLong("passphrase-file"),
        help: ArgumentHelp(
            "A file with the passphrase of the secret key (mode 0600); without it gpg-agent knows "
                + "it or asks.", valueName: "file"))
    var passphraseFile: String?

    @Option(
        help: ArgumentHelp(
            "Take only what the key with this full fingerprint has signed.",
            discussion: "Its public key must be in the keyring.", valueName: "fingerprint"))
    var signer: String?

    @Option(
        name: .customLong("gnupg-home"),
        help: ArgumentHelp(
            "The directory of the keyring (default: your own).", valueName: "directory"))
    var gnupgHome: String?

    /// The keyring.
    var keyring: Keyring { gnupgHome.map { .directory($0) } ?? .own }

    /// Reads the passphrase, if a file was given.
    func passphrase() throws -> Passphrase? { try passphraseFile.map { try Passphrase(file: $0) } }

    /// The signer that is demanded.
    func demandedSigner() throws -> Fingerprint? {
        try signer.map { try Fingerprint(argument: $0) }
    }

    /// Whether anything was given that only decryption needs.
    var isGiven: Bool { passphraseFile != nil || signer != nil || gnupgHome != nil }
}
