public import CivilTime
public import OpenPGP

/// The subkeys that messages may be encrypted to, by what an administrator names: files of public
/// keys, full fingerprints, or both.
public struct ExpectedKeys: Hashable, Sendable {
    /// Their ids.
    public let ids: Set<KeyID>

    /// Reads the keys of all files; nil where nothing is named.
    ///
    /// Every subkey of theirs that can encrypt counts, also one whose time is over, as old messages
    /// bear it. With fingerprints each key must bear one of them, and each must be found; that of
    /// a subkey means this subkey alone. Fingerprints without files are those of subkeys.
    public init?(files: [String], fingerprints: [Fingerprint], now: Timestamp) throws {
        guard !files.isEmpty || !fingerprints.isEmpty else { return nil }
        guard !files.isEmpty else {
            ids = Set(fingerprints.map(\.keyID))
            return
        }
        var ids = Set<KeyID>()
        var missing = Set(fingerprints)
        for file in files {
            for entry in try KeyInspection(file: file, now: now).entries {
                let named = fingerprints.filter { entry.key.bears($0) }
                guard fingerprints.isEmpty || !named.isEmpty else {
                    throw UnexpectedKey(file: file, fingerprint: entry.key.fingerprint)
                }
                missing.subtract(named)
                let subkeys = named.filter { $0 != entry.key.fingerprint }.map(\.keyID)
                ids.formUnion(subkeys.isEmpty ? entry.key.encryptionKeyIDs : Set(subkeys))
            }
        }
        if let fingerprint = missing.min(by: { $0.hex < $1.hex }) {
            throw UnexpectedKey(file: nil, fingerprint: fingerprint)
        }
        self.ids = ids
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
