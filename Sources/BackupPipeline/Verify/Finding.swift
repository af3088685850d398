public import OpenPGP

/// What was found out about one version.
public struct Finding: Sendable {
    /// The version; nil where the key has none to look at.
    public var version: KeyHistory.Version?
    /// What is wrong, nothing where all is well.
    public var problems: [Problem] = []
    /// What the message says before its encrypted data.
    public var head: MessageHead?
    /// What decryption came to, where that was done and all was well.
    public var receipt: Restore.Receipt?

    /// Whether nothing is wrong.
    public var isGood: Bool { problems.isEmpty }

    /// A finding about a version, or about a key without one.
    public init(_ version: KeyHistory.Version?, problems: [Problem] = []) {
        self.version = version
        self.problems = problems
    }

    /// Something that is wrong with a version.
    public struct Problem: Hashable, Sendable {
        /// What it is, for programs.
        public enum Code: String, Hashable, Sendable, CaseIterable {
            /// The key has no version.
            case missing
            /// A delete marker is current.
            case deleted
            /// The version was removed while it was looked for.
            case gone
            /// It lies in an archive and cannot be read.
            case archived
            /// It has no bytes.
            case empty
            /// Not an OpenPGP message.
            case notMessage = "not-a-message"
            /// A message that was never encrypted.
            case unencrypted
            /// A message in text form.
            case armored
            /// A password opens it, alone or beside keys.
            case password
            /// Not protected against changes.
            case unprotected
            /// Encrypted to a key that was not named.
            case otherRecipient = "other-recipient"
            /// Not encrypted to a key that was named.
            case missingRecipient = "missing-recipient"
            /// The sender hid whom it is encrypted to.
            case hiddenRecipient = "hidden-recipient"
            /// No secret key opens it.
            case noSecretKey = "no-secret-key"
            /// It ends too early.
            case truncated
            /// Something follows it.
            case trailing
            /// Stored with another size than it says.
            case size
            /// Damaged in another way.
            case damaged
            /// Not signed as was demanded.
            case signature
            /// What is in it is damaged: it cannot be unpacked.
            case content
            /// It holds more than is taken.
            case tooLarge = "too-large"
        }

        /// What it is.
        public let code: Code
        /// The same in words: lowercase, no final period.
        public let words: String

        /// A problem by its parts.
        public init(_ code: Code, _ words: String) {
            self.code = code
            self.words = words
        }
    }
}
