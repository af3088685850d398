public import CivilTime

/// What a file of public keys holds and what the keys are good for.
public struct KeyInspection: Hashable, Sendable {
    /// A key of the file.
    public struct Entry: Hashable, Sendable {
        /// The key.
        public let key: PublicKey
        /// The subkey that a backup would be encrypted to, where there is one.
        public let encryptsTo: Fingerprint?
        /// Why no backup can be encrypted to the key.
        public let problem: OpenPGPError?
        /// What else should be known.
        public let warnings: [KeyWarning]
    }

    /// The keys in the order of the file.
    public let entries: [Entry]

    /// Reads a file of public keys; a file that holds none, or a secret key, throws.
    public init(file path: String, now: Timestamp) throws {
        let file = try KeyFile(path: path)
        let home = try PrivateHome()
        let context = try Context(home.keyring, operation: "inspect a key")
        entries = try context.take(file, now: now).compactMap { fingerprint in
            guard let key = try context.keys(fingerprint).first else { return nil }
            do {
                let subkey = try key.usableSubkeys(file: path, now: now)[0]
                return Entry(
                    key: key, encryptsTo: subkey.fingerprint, problem: nil,
                    warnings: key.warnings(using: subkey, now: now))
            } catch let problem as OpenPGPError {
                return Entry(key: key, encryptsTo: nil, problem: problem, warnings: [])
            }
        }
    }
}
