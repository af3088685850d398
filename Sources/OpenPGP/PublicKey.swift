public import CivilTime
internal import CGPGME

/// A public key as gpg sees it: the primary key with its names and subkeys.
public struct PublicKey: Hashable, Sendable {
    /// A primary key or a subkey.
    public struct Subkey: Hashable, Sendable {
        /// Its full fingerprint.
        public var fingerprint: Fingerprint
        /// Such as `rsa3072`, `ed25519` or `cv25519`.
        public var algorithm: String
        /// When it was made.
        public var created: Timestamp?
        /// When it stops being usable; nil if never.
        public var expires: Timestamp?
        /// Whether its owner revoked it.
        public var isRevoked: Bool
        /// Whether gpg takes it for expired, disabled or invalid at the time of its listing.
        public var isUnusable: Bool
        /// What it may be used for.
        public var uses: Uses
        /// Whether the secret part is in the keyring (or on a card known to it).
        public var hasSecret: Bool
    }

    /// What a key may be used for.
    public struct Uses: OptionSet, Hashable, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// Uses of these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Encryption.
        public static let encrypt = Uses(rawValue: 1)
        /// Signatures.
        public static let sign = Uses(rawValue: 2)
        /// Signatures on keys.
        public static let certify = Uses(rawValue: 4)
        /// Logins.
        public static let authenticate = Uses(rawValue: 8)
    }

    /// A name of the owner.
    public struct UserID: Hashable, Sendable {
        /// As its owner wrote it; it may hold anything, so print it escaped.
        public var text: String
        /// Whether it has been revoked.
        public var isRevoked: Bool
    }

    /// The names.
    public var userIDs: [UserID]
    /// The primary key, then the subkeys in the key's order.
    public var subkeys: [Subkey]
    /// Whether the whole key is disabled in its keyring.
    public var isDisabled: Bool

    /// The primary key.
    public var primary: Subkey { subkeys[0] }
    /// The ids under which messages to this key name it: those of every part that can encrypt,
    /// also of those whose time is over, as old messages bear them.
    public var encryptionKeyIDs: Set<KeyID> {
        Set(subkeys.filter { $0.uses.contains(.encrypt) }.map(\.fingerprint.keyID))
    }

    /// The full fingerprint of the primary key.
    public var fingerprint: Fingerprint { primary.fingerprint }

    /// Copies what gpgme found.
    init?(_ key: gpgme_key_t) {
        var subkeys: [Subkey] = []
        var next = key.pointee.subkeys
        while let subkey = next {
            if let subkey = Subkey(subkey.pointee) { subkeys.append(subkey) }
            next = subkey.pointee.next
        }
        guard !subkeys.isEmpty else { return nil }
        var names: [UserID] = []
        var nextName = key.pointee.uids
        while let name = nextName {
            if let text = name.pointee.uid {
                names.append(
                    UserID(text: String(cString: text), isRevoked: name.pointee.revoked != 0))
            }
            nextName = name.pointee.next
        }
        self.subkeys = subkeys
        userIDs = names
        isDisabled = key.pointee.disabled != 0
    }

    /// The subkeys that can encrypt and are neither revoked nor expired at `now`, newest first;
    /// the primary key only where no subkey can.
    func encryptionSubkeys(at now: Timestamp) -> [Subkey] {
        let usable = { (subkey: Subkey) in
            subkey.uses.contains(.encrypt) && !subkey.isRevoked && !subkey.isUnusable
                && !subkey.isExpired(at: now)
        }
        let newest = subkeys.dropFirst().filter(usable).sorted {
            ($0.created ?? Timestamp(seconds: 0)) > ($1.created ?? Timestamp(seconds: 0))
        }
        return newest.isEmpty && usable(primary) ? [primary] : newest
    }
}

extension PublicKey.Subkey {
    init?(_ subkey: _gpgme_subkey) {
        guard let digits = subkey.fpr, let fingerprint = Fingerprint(String(cString: digits))
        else { return nil }
        self.fingerprint = fingerprint
        algorithm = Self.algorithm(subkey)
        created = subkey.timestamp > 0 ? Timestamp(seconds: Int64(subkey.timestamp)) : nil
        expires = subkey.expires > 0 ? Timestamp(seconds: Int64(subkey.expires)) : nil
        isRevoked = subkey.revoked != 0
        isUnusable = subkey.expired != 0 || subkey.disabled != 0 || subkey.invalid != 0
        hasSecret = subkey.secret != 0 || subkey.is_cardkey != 0
        var uses: PublicKey.Uses = []
        if subkey.can_encrypt != 0 { uses.insert(.encrypt) }
        if subkey.can_sign != 0 { uses.insert(.sign) }
        if subkey.can_certify != 0 { uses.insert(.certify) }
        if subkey.can_authenticate != 0 { uses.insert(.authenticate) }
        self.uses = uses
    }

    private static func algorithm(_ subkey: _gpgme_subkey) -> String {
        if let curve = subkey.curve { return String(cString: curve) }
        let name =
            switch subkey.pubkey_algo {
            case GPGME_PK_RSA, GPGME_PK_RSA_E, GPGME_PK_RSA_S: "rsa"
            case GPGME_PK_ELG, GPGME_PK_ELG_E: "elg"
            case GPGME_PK_DSA: "dsa"
            default: "algorithm \(subkey.pubkey_algo.rawValue), "
            }
        return name + String(subkey.length)
    }

    /// Whether its time is over at `now`.
    public func isExpired(at now: Timestamp) -> Bool {
        expires.map { $0 <= now } ?? false
    }

    /// Whether it is an RSA, DSA or ElGamal key of fewer than 2048 bits.
    public var isWeak: Bool {
        guard let start = algorithm.firstIndex(where: \.isNumber),
            ["rsa", "dsa", "elg"].contains(algorithm[..<start])
        else { return false }
        return (Int(algorithm[start...]) ?? 0) < 2048
    }
}
