/// What the head of an encrypted message says.
public struct MessageHead: Hashable, Sendable {
    /// How the data is protected against changes.
    public enum Protection: String, Hashable, Sendable {
        /// A hash inside of the encryption (MDC).
        case hash
        /// Authenticated encryption: GnuPG's, or that of RFC 9580.
        case authenticated
    }

    /// A subkey that can open it.
    public struct Recipient: Hashable, Sendable {
        /// Its id.
        public var keyID: KeyID
        /// The number of its algorithm (RFC 9580, section 9.1): 1 is RSA, 18 ECDH.
        public var algorithm: UInt8
    }

    /// The subkeys that it was encrypted to, in order.
    public var recipients: [Recipient]
    /// Whether a password opens it too.
    public var hasPassword: Bool
    /// How it is protected.
    public var protection: Protection
    /// Bytes before the packet of the encrypted data.
    public var length: Int64

    /// The ids of the subkeys, in order.
    public var keyIDs: [KeyID] { recipients.map(\.keyID) }
}

extension MessageHead {
    /// Reads the head from the first bytes of a message; 8 KiB hold that of 15 recipients.
    ///
    /// Throws what ``MessageInspector`` throws, ``OpenPGPError/Code/truncated`` where the bytes
    /// end before the head does.
    public init(firstBytes bytes: UnsafeRawBufferPointer) throws {
        var inspector = MessageInspector()
        try inspector.feed(bytes)
        if let head = inspector.head {
            self = head
        } else {
            self = try inspector.finish()
        }
    }
}

/// Follows an OpenPGP message without any key: who can read it, and whether its framing is whole.
///
/// Takes exactly one binary message that was encrypted to at least one public key and is protected
/// against changes; anything else throws, and so does anything that follows it. What is inside can
/// be damaged nevertheless: only decryption shows that.
public struct MessageInspector {
    private var walker = PacketWalker()
    private var recipients: [MessageHead.Recipient] = []
    private var hasPassword = false
    private var dataOffset: Int64 = 0
    /// How much of the first line of an armored message has been seen.
    private var armorCount = 0
    private var body: [UInt8] = []
    private var tag: UInt8 = 0
    private var isComplete = false

    /// What the head says, once it has been seen.
    public private(set) var head: MessageHead?

    /// An inspector that has seen nothing.
    public init() {}

    private static let mostRecipients = 1000
    private static let largestHeadPacket = 16 << 10
    private static let armorLine = Array("-----BEGIN PGP MESSAGE-----".utf8)

    /// Takes the next bytes of the message.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer) throws {
        guard let first = bytes.first else { return }
        if walker.offset == 0, armorCount > 0 || first & 0x80 == 0 {
            return try feedText(bytes)
        }
        var rest = bytes[...]
        do {
            while let event = try walker.next(&rest) {
                switch event {
                case .begin(let tag): try begin(tag)
                case .body(let part): try take(part)
                case .end: try end()
                }
            }
        } catch let malformed as PacketWalker.Malformed {
            throw failure(isComplete ? .trailingBytes : .damagedMessage(malformed.words))
        }
    }

    /// Ends the message, which must be complete.
    public mutating func finish() throws -> MessageHead {
        guard walker.offset > 0 else { throw failure(armorCount > 0 ? .notAMessage : .empty) }
        guard let head, walker.isAtEnd else { throw failure(.truncated) }
        return head
    }

    /// Armor is told from text such as `-- a dump`.
    private mutating func feedText(_ bytes: UnsafeRawBufferPointer) throws {
        for byte in bytes {
            guard byte == Self.armorLine[armorCount] else { throw failure(.notAMessage) }
            armorCount += 1
            if armorCount == Self.armorLine.count { throw failure(.armored) }
        }
    }

    private func failure(_ code: OpenPGPError.Code) -> OpenPGPError {
        OpenPGPError("read a message", "", code)
    }

    private mutating func begin(_ tag: UInt8) throws {
        if isComplete { throw failure(.trailingBytes) }
        self.tag = tag
        body.removeAll(keepingCapacity: true)
        switch tag {
        case PacketTag.publicKeyEncryptedSessionKey, PacketTag.passwordEncryptedSessionKey,
            PacketTag.marker, PacketTag.padding:
            break
        case PacketTag.encryptedProtected, PacketTag.encryptedAuthenticated: try beginData()
        case PacketTag.encryptedUnprotected: throw failure(.notProtected)
        case PacketTag.signature, PacketTag.onePassSignature, PacketTag.compressed,
            PacketTag.literal:
            throw failure(.notEncrypted)
        default: throw failure(.notAMessage)
        }
    }

    private mutating func beginData() throws {
        guard !recipients.isEmpty else {
            throw failure(hasPassword ? .passwordEncrypted : .notEncrypted)
        }
        dataOffset = walker.offset - 1
    }

    private mutating func take(_ part: UnsafeRawBufferPointer) throws {
        guard head == nil, let first = part.first else { return }
        if tag == PacketTag.encryptedProtected || tag == PacketTag.encryptedAuthenticated {
            head = MessageHead(
                recipients: recipients, hasPassword: hasPassword,
                protection: try protection(version: first), length: dataOffset)
            return
        }
        guard body.count + part.count <= Self.largestHeadPacket else {
            throw failure(.damagedMessage("a packet of the head is too long"))
        }
        body.append(contentsOf: part)
    }

    private func protection(version: UInt8) throws -> MessageHead.Protection {
        switch (tag, version) {
        case (PacketTag.encryptedProtected, 1): .hash
        case (PacketTag.encryptedProtected, 2), (PacketTag.encryptedAuthenticated, 1):
            .authenticated
        default: throw failure(.damagedMessage("an unknown kind of encrypted data"))
        }
    }

    private mutating func end() throws {
        switch tag {
        case PacketTag.publicKeyEncryptedSessionKey:
            guard recipients.count < Self.mostRecipients else {
                throw failure(.damagedMessage("too many recipients"))
            }
            // Version 3: version, key id (8 bytes), algorithm, encrypted session key.
            guard body.count > 10, body[0] == 3 else {
                throw failure(.damagedMessage("an unknown kind of recipient"))
            }
            let id = KeyID(body[1...8].reduce(0) { $0 << 8 | UInt64($1) })
            recipients.append(MessageHead.Recipient(keyID: id, algorithm: body[9]))
        case PacketTag.passwordEncryptedSessionKey: hasPassword = true
        case PacketTag.encryptedProtected, PacketTag.encryptedAuthenticated:
            guard head != nil else { throw failure(.damagedMessage("no encrypted data")) }
            isComplete = true
        default: break
        }
    }
}
