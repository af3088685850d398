public import CivilTime
public import OpenPGP

/// The subkeys that messages may be encrypted to, by what an administrator names: files of public
/// keys, full fingerprints, or both.
public struct ExpectedKeys: Hashable, Sendable {
    /// A key, and the ids by which a message to it may name it.
    public struct Key: Hashable, Sendable {
        /// The key's fingerprint, or that of the subkey that was named.
        public let fingerprint: Fingerprint
        /// The ids of its subkeys that can encrypt.
        public let ids: Set<KeyID>
    }

    /// The keys, each once.
    public let keys: [Key]
    /// The ids of all of them.
    public var ids: Set<KeyID> { keys.reduce(into: []) { $0.formUnion($1.ids) } }

    /// Reads the keys of all files; nil where nothing is named.
    ///
    /// Every subkey of theirs that can encrypt counts, also one whose time is over, as old messages
    /// bear it. With fingerprints each key must bear one of them, and each must be found; that of
    /// a subkey means this subkey alone. Fingerprints without files are those of subkeys.
    public init?(files: [String], fingerprints: [Fingerprint], now: Timestamp) throws {
        guard !files.isEmpty || !fingerprints.isEmpty else { return nil }
        guard !files.isEmpty else {
            keys = Set(fingerprints).sorted { $0.hex < $1.hex }.map {
                Key(fingerprint: $0, ids: [$0.keyID])
            }
            return
        }
        var keys: [Key] = []
        var missing = Set(fingerprints)
        for file in files {
            for entry in try KeyInspection(file: file, now: now).entries {
                let named = fingerprints.filter { entry.key.bears($0) }
                guard fingerprints.isEmpty || !named.isEmpty else {
                    throw UnexpectedKey(file: file, fingerprint: entry.key.fingerprint)
                }
                missing.subtract(named)
                let subkeys = named.filter { $0 != entry.key.fingerprint }.map(\.keyID)
                let ids = subkeys.isEmpty ? entry.key.encryptionKeyIDs : Set(subkeys)
                let key = Key(fingerprint: entry.key.fingerprint, ids: ids)
                if !keys.contains(key) { keys.append(key) }
            }
        }
        if let fingerprint = missing.min(by: { $0.hex < $1.hex }) {
            throw UnexpectedKey(file: nil, fingerprint: fingerprint)
        }
        self.keys = keys
    }
}

extension PublicKey {
    /// Whether the key or one of its subkeys has this fingerprint.
    fileprivate func bears(_ fingerprint: Fingerprint) -> Bool {
        subkeys.contains { $0.fingerprint == fingerprint }
    }
}

/// A key of a file that no fingerprint names, or a fingerprint that no key bears.
public struct UnexpectedKey: Error, Hashable, CustomStringConvertible {
    /// The file with the key; nil where a fingerprint was not found.
    public let file: String?
    /// The fingerprint of either.
    public let fingerprint: Fingerprint

    /// The problem in words: lowercase, no final period.
    public var description: String {
        file.map { "\($0): none of the given fingerprints is that of the key \(fingerprint)" }
            ?? "no key with the fingerprint \(fingerprint) in the files"
    }
}
