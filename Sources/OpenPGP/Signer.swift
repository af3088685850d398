internal import CGPGME

/// A secret key of a keyring that signs backups, so that their origin can be proved.
public struct Signer: Sendable {
    /// The fingerprint of the key, or of one of its subkeys.
    public let fingerprint: Fingerprint
    /// The keyring that it is in.
    public let keyring: Keyring
    /// Its passphrase; without one the agent knows it or asks.
    public let passphrase: Passphrase?

    /// A signer.
    public init(
        _ fingerprint: Fingerprint, in keyring: Keyring = .own, passphrase: Passphrase? = nil
    ) {
        self.fingerprint = fingerprint
        self.keyring = keyring
        self.passphrase = passphrase
    }
}

/// A signer made usable in a private home: its public key is copied there, and gpg is led to the
/// agent of the signer's keyring. The secret key is never copied.
struct SigningHome {
    private static let operation = "sign"
    /// The fingerprints of the key and its subkeys, any of which gpg may sign with.
    let fingerprints: Set<String>

    /// Prepares `home` and `context`, which works over it, and makes sure that the key can sign by
    /// a first signature: a wrong passphrase is known before the backup begins.
    init(_ signer: Signer, _ home: PrivateHome, _ context: Context) throws {
        let source = try Context(signer.keyring, operation: Self.operation)
        guard let key = try source.keys(signer.fingerprint, secret: true).first,
            key.subkeys.contains(where: Self.canSign)
        else {
            let isKnown = try !source.keys(signer.fingerprint).isEmpty
            throw OpenPGPError(
                Self.operation, signer.fingerprint.hex,
                isKnown && source.lacksAgent ? .noAgent : .noSecretKey(needed: []))
        }
        fingerprints = Set(key.subkeys.map(\.fingerprint.hex))
        let exported = try exportPublicKey(key.fingerprint, from: signer.keyring)
        _ = try context.take(KeyFile(path: key.fingerprint.hex, content: exported))
        let own = signer.keyring.path.map { ["--homedir", $0] } ?? []
        guard Tool.run(["gpgconf"] + own + ["--launch", "gpg-agent"]) != nil,
            let agent = Tool.agentSocket(own)
        else { throw OpenPGPError(Self.operation, "", .noAgent) }
        try home.redirect(to: agent)
        if let passphrase = signer.passphrase { try context.answer(with: passphrase) }
        try Self.sign(as: key.fingerprint, context)
    }

    private static func canSign(_ subkey: PublicKey.Subkey) -> Bool {
        subkey.uses.contains(.sign) && subkey.hasSecret && !subkey.isRevoked && !subkey.isUnusable
    }

    /// Makes the key the signer of the context and signs nothing with it.
    private static func sign(as fingerprint: Fingerprint, _ context: Context) throws {
        var key: gpgme_key_t?
        try context.check(gpgme_get_key(context.handle, fingerprint.hex, &key, 0))
        defer { gpgme_key_unref(key) }
        try context.check(gpgme_signers_add(context.handle, key))
        var nothing: gpgme_data_t?
        var signature: gpgme_data_t?
        try context.check(gpgme_data_new(&nothing))
        defer { gpgme_data_release(nothing) }
        try context.check(gpgme_data_new(&signature))
        defer { gpgme_data_release(signature) }
        try context.check(
            gpgme_op_sign(context.handle, nothing, signature, GPGME_SIG_MODE_DETACH))
    }
}
