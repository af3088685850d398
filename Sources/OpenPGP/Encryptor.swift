internal import CGPGME

/// The stage that encrypts a stream to the recipients, as one OpenPGP message.
///
/// AES-256 whatever the keys prefer, protected against changes, without compression. Bytes are
/// pushed in; what comes out goes to the sink. The end of the input is not success: only
/// ``finish()`` says that the message is whole and encrypted to exactly the recipients.
public final class Encryptor {
    /// What was encrypted.
    public struct Result: Hashable, Sendable {
        /// Bytes taken.
        public var bytesIn: Int64 = 0
        /// Bytes of the message.
        public var bytesOut: Int64 = 0
        /// Whom it is encrypted to.
        public var recipients: [KeyID] = []
        /// The key or subkey that signed it, where one was asked for.
        public var signer: Fingerprint?
    }

    private static let operation = "encrypt"
    private let recipients: Recipients
    private let signing: SigningHome?
    private let transfer: Transfer
    private let output: Output
    private var result = Result()
    private var isOpen = true

    /// Starts gpg.
    ///
    /// - Parameters:
    ///   - signer: A secret key that signs the message inside of the encryption.
    ///   - cancellation: A descriptor that becomes readable when all is to stop; calls that wait
    ///     then throw ``OpenPGPError/Code/cancelled``.
    public init(
        to recipients: Recipients, signer: Signer? = nil, cancellation: Int32? = nil,
        into sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        self.recipients = recipients
        let context = try Context(recipients.home.keyring, operation: Self.operation)
        signing = try signer.map { try SigningHome($0, recipients.home, context) }
        output = Output(expected: recipients.keyIDs, sink)
        let lines = recipients.lines
        let isSigned = signer != nil
        transfer = try Transfer(
            context, operation: Self.operation, cancellation: cancellation
        ) { handle, input, output in
            let flags = gpgme_encrypt_flags_t(
                rawValue: GPGME_ENCRYPT_ALWAYS_TRUST.rawValue
                    | GPGME_ENCRYPT_NO_COMPRESS.rawValue)
            return isSigned
                ? gpgme_op_encrypt_sign_ext_start(handle, nil, lines, flags, input, output)
                : gpgme_op_encrypt_ext_start(handle, nil, lines, flags, input, output)
        }
    }

    /// Takes the next bytes of the plaintext.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try enter()
        try transfer.send(bytes) { try output.take($0) }
        result.bytesIn += Int64(bytes.count)
        isOpen = true
    }

    /// Ends the message and makes sure that it is whole.
    public func finish() throws -> Result {
        try enter()
        try transfer.finish { try output.take($0) }
        // Only a gpg that came to its end says so; one that was killed looks like success.
        guard transfer.has("END_ENCRYPTION") else { throw failure(.gpgDied) }
        // Protection, then the algorithm: 9 is AES-256.
        guard transfer.fields(of: "BEGIN_ENCRYPTION").dropFirst().first == "9" else {
            throw failure(.engine("it did not encrypt with aes-256"))
        }
        let head = try output.finish()
        result.recipients = head.keyIDs
        result.bytesOut = output.count
        if let signing { result.signer = try signer(signing) }
        return result
    }

    private func signer(_ signing: SigningHome) throws -> Fingerprint {
        guard let digits = transfer.fields(of: "SIG_CREATED").last else { throw failure(.gpgDied) }
        guard let signer = Fingerprint(digits), signing.fingerprints.contains(signer.hex) else {
            throw failure(.engine("it signed with another key"))
        }
        return signer
    }

    private func enter() throws {
        guard isOpen else { throw failure(.notOpen) }
        isOpen = false
    }

    private func failure(_ code: OpenPGPError.Code) -> OpenPGPError {
        OpenPGPError(Self.operation, "", code)
    }

    /// Looks at the message on its way to the sink: nothing of it passes before it is known that
    /// it is encrypted to the right keys.
    final class Output {
        private let expected: [KeyID]
        private let sink: Sink
        private var inspector = MessageInspector()
        private var held: [UInt8] = []
        private(set) var count: Int64 = 0

        init(expected: [KeyID], _ sink: @escaping Sink) {
            self.expected = expected
            self.sink = sink
        }

        func take(_ bytes: UnsafeRawBufferPointer) throws {
            let isChecked = inspector.head != nil
            try inspector.feed(bytes)
            count += Int64(bytes.count)
            if isChecked { return try sink(bytes) }
            held.append(contentsOf: bytes)
            guard let head = inspector.head else { return }
            try check(head)
            try held.withUnsafeBytes { try sink($0) }
            held = []
        }

        func finish() throws -> MessageHead { try inspector.finish() }

        private func check(_ head: MessageHead) throws {
            let isEqual =
                head.recipients.count == expected.count
                && Set(head.keyIDs) == Set(expected) && !head.hasPassword
            guard isEqual else {
                throw OpenPGPError(
                    Encryptor.operation, "", .recipientsDiffer(found: head.keyIDs))
            }
        }
    }
}
