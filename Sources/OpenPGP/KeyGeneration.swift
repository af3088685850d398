internal import CGPGME

/// The making of a key pair, on the machine where the secret key stays.
public struct KeyGeneration: Sendable {
    /// What kind of key.
    public enum Algorithm: Hashable, Sendable {
        /// Ed25519 with a Curve25519 subkey; gpg 2.1 or newer reads it.
        case curve25519
        /// RSA with this many bits, 2048 to 4096.
        case rsa(bits: Int)

        /// Reads `curve25519` or `rsa2048` to `rsa4096`; anything else is nil.
        public init?(_ text: String) {
            if text == "curve25519" {
                self = .curve25519
                return
            }
            guard text.hasPrefix("rsa"), let bits = Int(text.dropFirst(3)),
                (2048...4096).contains(bits), bits % 8 == 0
            else { return nil }
            self = .rsa(bits: bits)
        }

        var primary: String {
            switch self {
            case .curve25519: "ed25519"
            case .rsa(let bits): "rsa\(bits)"
            }
        }

        var subkey: String {
            switch self {
            case .curve25519: "cv25519"
            case .rsa(let bits): "rsa\(bits)"
            }
        }
    }

    /// How the secret key is protected.
    public enum Protection: Sendable {
        /// The agent asks for a passphrase.
        case agent
        /// This passphrase, without a question.
        case passphrase(Passphrase)
        /// Not at all: whoever reads the disk reads the backups.
        case none
    }

    /// The owner: `Name <address>` or any other text without control characters.
    public var userID: String
    /// What kind of key.
    public var algorithm = Algorithm.curve25519
    /// Seconds until it expires; nil for a key that never does.
    public var lifetime: Int64?
    /// How the secret key is protected.
    public var protection = Protection.agent

    /// A key of the usual kind for this owner.
    public init(userID: String) { self.userID = userID }

    private static let operation = "generate a key"

    /// Makes a primary key for signatures and a subkey for encryption.
    public func run(in keyring: Keyring = .own) throws -> PublicKey {
        guard !userID.isEmpty, userID.utf8.count <= 1024,
            !userID.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }),
            userID.first != " ", userID.last != " "
        else { throw OpenPGPError(Self.operation, "", .badName) }
        let context = try Context(keyring, operation: Self.operation)
        var flags = lifetime == nil ? UInt32(GPGME_CREATE_NOEXPIRE) : 0
        switch protection {
        case .agent: break
        case .passphrase(let passphrase): try context.answer(with: passphrase)
        case .none: flags |= UInt32(GPGME_CREATE_NOPASSWD)
        }
        try context.check(
            gpgme_op_createkey(
                context.handle, userID, algorithm.primary, 0, UInt(lifetime ?? 0), nil,
                flags | UInt32(GPGME_CREATE_SIGN | GPGME_CREATE_CERT | GPGME_CREATE_FORCE)))
        guard let digits = gpgme_op_genkey_result(context.handle)?.pointee.fpr,
            let fingerprint = Fingerprint(String(cString: digits))
        else { throw OpenPGPError(Self.operation, "", .gpgDied) }
        do {
            try addSubkey(to: fingerprint, context, flags)
        } catch {
            throw OpenPGPError(Self.operation, "", .halfMade(fingerprint, "\(error)"))
        }
        guard let key = try context.keys(fingerprint).first else {
            throw OpenPGPError(Self.operation, "", .gpgDied)
        }
        return key
    }

    private func addSubkey(
        to fingerprint: Fingerprint, _ context: Context, _ flags: UInt32
    ) throws {
        var primary: gpgme_key_t?
        try context.check(gpgme_get_key(context.handle, fingerprint.hex, &primary, 1))
        defer { gpgme_key_unref(primary) }
        try context.check(
            gpgme_op_createsubkey(
                context.handle, primary, algorithm.subkey, 0, UInt(lifetime ?? 0),
                flags | UInt32(GPGME_CREATE_ENCR)))
    }
}

/// The public part of a key of a keyring, armored, as servers need it.
public func exportPublicKey(
    _ fingerprint: Fingerprint, from keyring: Keyring = .own
) throws -> [UInt8] {
    let operation = "export a key"
    let context = try Context(keyring, operation: operation)
    gpgme_set_armor(context.handle, 1)
    var data: gpgme_data_t?
    try context.check(gpgme_data_new(&data))
    let code = gpgme_op_export(context.handle, fingerprint.hex, 0, data)
    var count = 0
    guard let text = gpgme_data_release_and_get_mem(data, &count) else {
        try context.check(code)
        throw OpenPGPError(operation, fingerprint.hex, .wrongFingerprint(found: []))
    }
    defer { gpgme_free(text) }
    try context.check(code)
    return Array(UnsafeRawBufferPointer(start: text, count: count))
}
