public import CivilTime
internal import CGPGME

/// The stage that decrypts one OpenPGP message.
///
/// Bytes are pushed in, the plaintext goes to the sink. gpg hands out plaintext before it knows
/// that the message is intact, and calls a message that was never encrypted a success: only after
/// ``finish()`` is anything that reached the sink worth anything.
public final class Decryptor {
    /// Who signed a message.
    public enum Signature: Hashable, Sendable {
        /// Nobody: whoever has the public key can have written it.
        case none
        /// A key of the keyring; its primary fingerprint, that of the key or subkey that signed,
        /// and when.
        case good(by: Fingerprint, with: Fingerprint, at: Timestamp?)
        /// Somebody whose public key is not in the keyring.
        case unknown(KeyID?)
        /// A key of the keyring that has expired or been revoked, or several keys at once.
        case doubtful(by: Fingerprint?)
    }

    /// What was decrypted.
    public struct Result: Hashable, Sendable {
        /// Bytes of the message.
        public var bytesIn: Int64 = 0
        /// Bytes of the plaintext.
        public var bytesOut: Int64 = 0
        /// Whom it was encrypted to.
        public var recipients: [KeyID] = []
        /// Who signed it.
        public var signature = Signature.none
    }

    private static let operation = "decrypt"
    private let context: Context
    private let sink: Sink
    private let limit: Int64
    private let signer: Fingerprint?
    private let cancellation: Int32?
    private var inspector = MessageInspector()
    /// The head, until it is known that there is a key for it.
    private var held: [UInt8] = []
    private var transfer: Transfer?
    private var result = Result()
    private var isOpen = true

    /// A stage that uses the secret keys of a keyring.
    ///
    /// - Parameters:
    ///   - passphrase: The secret key's; without one the agent knows it or asks.
    ///   - signer: The only key whose signature is accepted, with all its subkeys, or the only
    ///     subkey; without one all that is not a wrong signature is.
    ///   - limit: The most plaintext that is handed on, in bytes.
    ///   - cancellation: A descriptor that becomes readable when all is to stop.
    public init(
        keyring: Keyring = .own, passphrase: Passphrase? = nil, signer: Fingerprint? = nil,
        limit: Int64 = .max, cancellation: Int32? = nil,
        into sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        context = try Context(keyring, operation: Self.operation)
        if let passphrase { try context.answer(with: passphrase) }
        self.sink = sink
        self.limit = limit
        self.signer = signer
        self.cancellation = cancellation
    }

    /// Takes the next bytes of the message.
    ///
    /// Throws as soon as it is known that the message cannot be decrypted: it is not encrypted,
    /// or to no key that is there, or something follows it.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try enter()
        try inspector.feed(bytes)
        result.bytesIn += Int64(bytes.count)
        if let transfer {
            try transfer.send(bytes) { try deliver($0) }
        } else {
            held.append(contentsOf: bytes)
            if let head = inspector.head { try begin(head) }
        }
        isOpen = true
    }

    /// Ends the message, which must be whole, encrypted and unchanged.
    public func finish() throws -> Result {
        try enter()
        let head = try inspector.finish()
        guard let transfer else { throw failure(.truncated) }
        do {
            try transfer.finish { try deliver($0) }
        } catch let error as OpenPGPError where transfer.has("DECRYPTION_INFO") {
            // gpg had the key of the content; without it, it begins and fails as well.
            throw error.isOfEngine ? failure(.damagedMessage("it has been changed")) : error
        }
        try check(transfer)
        result.recipients = head.keyIDs
        result.signature = try Signature(transfer.statuses)
        if let signer {
            guard case .good(let key, let subkey, _) = result.signature,
                key == signer || subkey == signer
            else { throw failure(.notSigned) }
        }
        return result
    }

    private func enter() throws {
        guard isOpen else { throw failure(.notOpen) }
        isOpen = false
    }

    private func failure(_ code: OpenPGPError.Code) -> OpenPGPError {
        OpenPGPError(Self.operation, "", code)
    }

    private func begin(_ head: MessageHead) throws {
        let owned = try context.keys(secret: true).flatMap(\.subkeys).filter(\.hasSecret)
        guard head.isFor(owned) else {
            let isKnown = head.isFor(try context.keys().flatMap(\.subkeys))
            throw failure(
                isKnown && context.lacksAgent ? .noAgent : .noSecretKey(needed: head.keyIDs))
        }
        let transfer = try Transfer(
            context, operation: Self.operation, cancellation: cancellation
        ) { handle, input, output in
            gpgme_op_decrypt_verify_start(handle, input, output)
        }
        self.transfer = transfer
        try held.withUnsafeBytes { bytes in try transfer.send(bytes) { try deliver($0) } }
        held = []
    }

    private func deliver(_ bytes: UnsafeRawBufferPointer) throws {
        guard Int64(bytes.count) <= limit - result.bytesOut else {
            throw failure(.plaintextTooLarge(limit: limit))
        }
        result.bytesOut += Int64(bytes.count)
        try sink(bytes)
    }

    /// Every line that only a message decrypted as a whole, and unchanged, leads to.
    private func check(_ transfer: Transfer) throws {
        if transfer.has("DECRYPTION_FAILED") || transfer.has("BADMDC") {
            throw failure(.damagedMessage("it has been changed"))
        }
        guard transfer.has("DECRYPTION_OKAY"), transfer.has("END_DECRYPTION") else {
            throw failure(.gpgDied)
        }
        guard transfer.count(of: "DECRYPTION_OKAY") == 1, !transfer.has("UNEXPECTED") else {
            throw failure(.damagedMessage("a message inside of a message"))
        }
        // The third field names authenticated encryption.
        let info = transfer.fields(of: "DECRYPTION_INFO")
        let isAuthenticated = info.count > 2 && info[2] != "0"
        guard transfer.has("GOODMDC") || isAuthenticated else { throw failure(.notProtected) }
        guard transfer.count(of: "PLAINTEXT") == 1 else {
            throw failure(.damagedMessage("not exactly one content"))
        }
        let decrypted = gpgme_op_decrypt_result(context.handle)
        if decrypted?.pointee.legacy_cipher_nomdc ?? 1 != 0 { throw failure(.notProtected) }
    }
}

extension MessageHead {
    /// Whether one of these keys may open the message.
    fileprivate func isFor(_ subkeys: [PublicKey.Subkey]) -> Bool {
        let ids = Set(subkeys.map(\.fingerprint.keyID))
        return keyIDs.contains { $0.isHidden ? !ids.isEmpty : ids.contains($0) }
    }
}

extension OpenPGPError {
    /// Whether gpg gave no better reason than that it failed.
    var isOfEngine: Bool {
        switch code {
        case .engine, .gpgDied: true
        default: false
        }
    }
}

extension Decryptor.Signature {
    /// Reads gpg's status lines; a wrong signature throws. Of several signatures none is trusted,
    /// as the lines of one must not vouch for another.
    init(_ statuses: [Status]) throws {
        self = .none
        var isGood = false
        for status in statuses {
            let fields = status.fields
            switch status.keyword {
            case "BADSIG": throw OpenPGPError("decrypt", "", .badSignature)
            case "GOODSIG": isGood = true
            case "EXPSIG", "EXPKEYSIG", "REVKEYSIG": self = .doubtful(by: nil)
            case "VALIDSIG":
                // Subkey, date, seconds, expiry, …, primary key.
                guard let primary = fields.last.flatMap({ Fingerprint($0) }),
                    let subkey = fields.first.flatMap({ Fingerprint($0) })
                else { continue }
                let time = fields.count > 2 ? Int64(fields[2]) : nil
                self =
                    isGood
                    ? .good(
                        by: primary, with: subkey, at: time.map { Timestamp(seconds: $0) })
                    : .doubtful(by: primary)
            case "ERRSIG":
                let id = fields.first.flatMap { UInt64($0, radix: 16) }
                self = .unknown(id.map { KeyID($0) })
            default: break
            }
        }
        if statuses.count(where: { $0.keyword == "NEWSIG" }) > 1 { self = .doubtful(by: nil) }
    }
}
