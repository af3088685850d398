public import CivilTime
internal import CGPGME

/// Something about a key that does not stop the work but should be known.
public struct KeyWarning: Hashable, Sendable, CustomStringConvertible {
    /// The key or subkey.
    public let fingerprint: Fingerprint
    /// What there is to know: lowercase, no final period.
    public let words: String

    /// Fingerprint and words.
    public var description: String { "key \(fingerprint): \(words)" }
}

/// The public keys that a backup is encrypted to.
///
/// Read from files into a GnuPG home of their own, which lives as long as this value: the user's
/// keyring and trust play no part. Every key of every file is used, each with its newest usable
/// encryption subkey, so that it is known beforehand which key ids the message must bear.
public final class Recipients: Sendable {
    /// A key with the subkey that is encrypted to.
    public struct Recipient: Hashable, Sendable {
        /// The file that it came from.
        public let file: String
        /// The whole key.
        public let key: PublicKey
        /// What is encrypted to.
        public let subkey: PublicKey.Subkey
    }

    /// The recipients, in the order of the files.
    public let recipients: [Recipient]
    /// What is not well but well enough: keys that expire within 60 days, weak algorithms.
    public let warnings: [KeyWarning]
    let home: PrivateHome

    private static let operation = "read the recipients"

    /// Reads and examines the keys of all files.
    ///
    /// Where fingerprints are given, each key must bear one of them (as the primary key's or that
    /// of an encryption subkey, which is then the one used), and each must be found. Throws for
    /// the first key that cannot be used, before anything is encrypted.
    public init(
        files: [String], fingerprints: [Fingerprint] = [], now: Timestamp
    ) throws {
        try Engine.check(operation: Self.operation)
        guard !files.isEmpty else { throw OpenPGPError(Self.operation, "", .noRecipients) }
        let sources = try files.map { try KeyFile(path: $0) }
        let home = try PrivateHome()
        let context = try Context(home.keyring, operation: Self.operation)
        // All first: what one file says about a key, such as that it is revoked, holds for another.
        let taken = try sources.flatMap { source in
            try context.take(source, now: now).map { (file: source.path, fingerprint: $0) }
        }
        var found: [Recipient] = []
        var warnings: [KeyWarning] = []
        for (file, fingerprint) in taken
        where !found.contains(where: { $0.key.fingerprint == fingerprint }) {
            guard let key = try context.keys(fingerprint).first else {
                throw OpenPGPError("read a key", file, .damagedKey("gpg does not find it again"))
            }
            let subkey = try key.subkeyToUse(pinned: fingerprints, file: file, now: now)
            warnings += key.warnings(using: subkey, now: now)
            found.append(Recipient(file: file, key: key, subkey: subkey))
        }
        let known = Set(found.flatMap { [$0.key.fingerprint, $0.subkey.fingerprint] })
        if let missing = fingerprints.first(where: { !known.contains($0) }) {
            throw OpenPGPError(Self.operation, missing.hex, .wrongFingerprint(found: []))
        }
        recipients = found
        self.warnings = warnings
        self.home = home
    }

    /// The key ids that a message to these recipients bears.
    public var keyIDs: [KeyID] { recipients.map(\.subkey.fingerprint.keyID) }

    /// The recipients as gpgme takes them; `!` keeps gpg from choosing another subkey.
    var lines: String {
        "--\n" + recipients.map { "\($0.subkey.fingerprint.hex)!\n" }.joined()
    }
}

extension Context {
    /// Imports the keys of a file and returns their fingerprints.
    func take(_ file: KeyFile, now: Timestamp? = nil) throws -> [Fingerprint] {
        func failure(_ code: OpenPGPError.Code) -> OpenPGPError {
            OpenPGPError("read a key", file.path, code)
        }
        var data: gpgme_data_t?
        let made = file.bytes.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                gpgme_data_new_from_mem(&data, $0.baseAddress, $0.count, 1)
            }
        }
        try check(made)
        defer { gpgme_data_release(data) }
        let code = gpgme_op_import(handle, data)
        guard code == 0, let result = gpgme_op_import_result(handle)?.pointee else {
            throw failure(
                gpgme_err_code(code) == GPG_ERR_NO_DATA ? .notAKey : Self.code(of: code))
        }
        guard result.secret_read == 0 else { throw failure(.secretKey) }
        var fingerprints: [Fingerprint] = []
        var next = result.imports
        while let status = next {
            guard status.pointee.result == 0 else {
                throw failure(.damagedKey(words(status.pointee.result)))
            }
            if let digits = status.pointee.fpr,
                let fingerprint = Fingerprint(String(cString: digits))
            {
                fingerprints.append(fingerprint)
            }
            next = status.pointee.next
        }
        guard result.no_user_id == 0 else {
            // gpg does not believe a signature of tomorrow.
            if let now, file.newest > now.seconds { throw failure(.fromTheFuture) }
            throw failure(.damagedKey("a key without a name that its owner signed"))
        }
        guard !fingerprints.isEmpty, result.not_imported == 0, result.skipped_v3_keys == 0 else {
            throw failure(.damagedKey("a key that gpg does not take"))
        }
        return fingerprints
    }
}

extension PublicKey {
    /// The subkey to encrypt to: the newest usable one, or the one that is pinned.
    func subkeyToUse(
        pinned: [Fingerprint], file: String, now: Timestamp
    ) throws(OpenPGPError) -> Subkey {
        if !pinned.isEmpty, !subkeys.contains(where: { pinned.contains($0.fingerprint) }) {
            throw OpenPGPError("read a key", file, .wrongFingerprint(found: [fingerprint]))
        }
        let usable = try usableSubkeys(file: file, now: now)
        if let subkey = usable.first(where: { pinned.contains($0.fingerprint) }) { return subkey }
        if pinned.isEmpty || pinned.contains(fingerprint) { return usable[0] }
        throw OpenPGPError("read a key", "\(file): key \(fingerprint)", .pinnedSubkeyUnusable)
    }

    /// The subkeys that can be encrypted to, newest first, at least one; throws the reason why
    /// there is none.
    func usableSubkeys(file: String, now: Timestamp) throws(OpenPGPError) -> [Subkey] {
        func failure(_ code: OpenPGPError.Code) -> OpenPGPError {
            OpenPGPError("read a key", "\(file): key \(fingerprint)", code)
        }
        if primary.isRevoked { throw failure(.revoked) }
        if isDisabled { throw failure(.disabled) }
        if let expires = primary.expires, primary.isExpired(at: now) || primary.isUnusable {
            throw failure(.expired(on: expires.date))
        }
        if primary.isUnusable { throw failure(.damagedKey("gpg takes it for invalid")) }
        if let created = primary.created, created > now { throw failure(.fromTheFuture) }
        let usable = encryptionSubkeys(at: now)
        if usable.isEmpty {
            let hasAny = subkeys.contains { $0.uses.contains(.encrypt) }
            throw failure(hasAny ? .noUsableSubkey : .cannotEncrypt)
        }
        return usable
    }

    /// What is not well about the key when this subkey is used.
    func warnings(using subkey: Subkey, now: Timestamp) -> [KeyWarning] {
        var warnings: [KeyWarning] = []
        for part in subkey == primary ? [primary] : [primary, subkey] {
            if let expires = part.expires, expires <= now.advanced(bySeconds: 60 * 86400) {
                let days = (expires.seconds - now.seconds) / 86400
                warnings.append(
                    KeyWarning(
                        fingerprint: part.fingerprint,
                        words: "expires on \(expires.date), in \(days) days"))
            }
            if part.isWeak {
                warnings.append(
                    KeyWarning(
                        fingerprint: part.fingerprint,
                        words: "\(part.algorithm) is weak: take at least 2048 bits"))
            }
        }
        return warnings
    }
}

extension Timestamp {
    /// The date in UTC: `2026-11-23`.
    var date: String { String(rfc3339.prefix { $0 != "T" }) }
}
