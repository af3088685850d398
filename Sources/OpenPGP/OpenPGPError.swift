internal import Glibc

/// Something about keys, messages or gpg itself that stops the work.
public struct OpenPGPError: Error, Hashable {
    /// What is wrong.
    public enum Code: Hashable, Sendable {
        // gpg
        /// No gpg is installed where gpgme looks for it.
        case gpgMissing
        /// gpg is older than what is needed.
        case gpgTooOld(found: String, needed: String)
        /// No directory was to be had for gpg's files: the last one tried and why.
        case noHome(path: String, errno: Int32)
        /// gpg or gpgme reported an error; the words are its own.
        case engine(String)
        /// gpg ended before it was done.
        case gpgDied
        /// The descriptor given for cancelling became readable.
        case cancelled
        /// The stage has failed or finished before.
        case notOpen

        // Files
        /// The file cannot be read.
        case unreadable(errno: Int32)
        /// The path names something other than a file.
        case notAFile
        /// The file is empty.
        case empty
        /// The file is larger than any key.
        case tooLarge
        /// A file with a secret that others may read.
        case tooOpen

        // Keys
        /// Nothing in the file is an OpenPGP key.
        case notAKey
        /// The file or a key in it is damaged; the words say how.
        case damagedKey(String)
        /// The file holds a secret key.
        case secretKey
        /// The key has expired.
        case expired(on: String)
        /// The key has been revoked by its owner.
        case revoked
        /// The key is marked as disabled.
        case disabled
        /// The key has nothing that can encrypt.
        case cannotEncrypt
        /// The key has subkeys that can encrypt, but all have expired or been revoked.
        case noUsableSubkey
        /// The pinned subkey has expired, has been revoked or cannot encrypt.
        case pinnedSubkeyUnusable
        /// The key is younger than the present: a clock is wrong.
        case fromTheFuture
        /// The name of a new key is empty, too long or holds control characters.
        case badName
        /// The key was made, but not its encryption subkey; the words are gpg's.
        case halfMade(Fingerprint, String)
        /// No file of a key was given.
        case noRecipients
        /// A key that was not asked for, or one that was and is not there.
        case wrongFingerprint(found: [Fingerprint])
        /// Not a full fingerprint.
        case badFingerprint
        /// No such secret key.
        case noSecretKey(needed: [KeyID])
        /// No gpg-agent answers, which has the secret keys.
        case noAgent
        /// The passphrase is wrong.
        case badPassphrase
        /// No passphrase could be asked for, or the question was cancelled.
        case noPassphrase

        // Messages
        /// Not OpenPGP data at all.
        case notAMessage
        /// OpenPGP data that was never encrypted.
        case notEncrypted
        /// An armored message.
        case armored
        /// Encrypted with a password instead of to a key.
        case passwordEncrypted
        /// Encrypted without protection against changes.
        case notProtected
        /// Damaged; the words say how.
        case damagedMessage(String)
        /// The message ends in the middle.
        case truncated
        /// Bytes follow the end of the message.
        case trailingBytes
        /// The message holds more than the limit.
        case plaintextTooLarge(limit: Int64)
        /// gpg encrypted to other keys than it was told to.
        case recipientsDiffer(found: [KeyID])
        /// The signature in the message is not good.
        case badSignature
        /// The message is not signed by the key that was asked for.
        case notSigned
    }

    /// What was being done, such as `encrypt`.
    public let operation: String
    /// The file, key or message that it is about; empty where there is only one.
    public let subject: String
    /// What is wrong.
    public let code: Code

    init(_ operation: String, _ subject: String, _ code: Code) {
        self.operation = operation
        self.subject = subject
        self.code = code
    }
}

extension OpenPGPError: CustomStringConvertible {
    /// The problem in words: lowercase, no final period.
    public var description: String {
        subject.isEmpty ? words : "\(subject): \(words)"
    }

    private var words: String {
        switch code {
        case .gpgMissing, .gpgTooOld, .noHome, .engine, .gpgDied, .cancelled, .notOpen:
            engineWords
        case .unreadable, .notAFile, .empty, .tooLarge, .tooOpen: fileWords
        case .notAKey, .damagedKey, .secretKey, .expired, .revoked, .disabled, .cannotEncrypt,
            .noUsableSubkey, .pinnedSubkeyUnusable, .fromTheFuture, .noRecipients, .badName,
            .halfMade,
            .wrongFingerprint,
            .badFingerprint, .noSecretKey, .noAgent, .badPassphrase,
            .noPassphrase:
            keyWords
        default: messageWords
        }
    }

    private var engineWords: String {
        switch code {
        case .gpgMissing: "gpg is not installed"
        case .gpgTooOld(let found, let needed): "gpg \(found) is too old: \(needed) is needed"
        case .noHome(let path, let code):
            "no directory for gpg's files: \(path): \(systemWords(code))"
        case .engine(let words): "cannot \(operation): gpg: \(words)"
        case .gpgDied: "cannot \(operation): gpg ended before it was done"
        case .cancelled: "cancelled"
        default: "cannot \(operation): the stream has already ended or failed"
        }
    }

    private var fileWords: String {
        switch code {
        case .unreadable(let code): systemWords(code)
        case .notAFile: "not a regular file"
        case .empty: "the file is empty"
        case .tooLarge: "the file is too large for a key"
        default: "others may read this file"
        }
    }

    private var keyWords: String {
        switch code {
        case .notAKey: "not an OpenPGP public key"
        case .damagedKey(let how): "damaged key: \(how)"
        case .secretKey: "the file holds a secret key"
        case .expired(let date): "the key expired on \(date)"
        case .revoked: "the key has been revoked"
        case .disabled: "the key is disabled"
        case .cannotEncrypt: "the key cannot encrypt, only sign"
        case .noUsableSubkey: "every encryption subkey of the key has expired or been revoked"
        case .pinnedSubkeyUnusable:
            "the subkey with the given fingerprint has expired, is revoked or cannot encrypt"
        case .fromTheFuture: "the key was made after the present time of this machine"
        case .badName:
            "a name of 1 to 1024 bytes is needed, without control characters and spaces around it"
        case .halfMade(let key, let words): "the key \(key) has no encryption subkey: \(words)"
        case .noRecipients: "no file with a public key is given"
        case .wrongFingerprint(let found):
            found.isEmpty
                ? "no key with this fingerprint in the files"
                : "not the key with the given fingerprint, but "
                    + found.map(\.hex).joined(separator: ", ")
        case .badFingerprint: "not a full fingerprint of 40 or 64 hexadecimal digits"
        case .noSecretKey(let needed):
            needed.isEmpty
                ? "no such secret key"
                : "not encrypted to your key: no secret key for "
                    + needed.map(\.description).joined(separator: ", ")
        case .noAgent: "no secret key: gpg-agent cannot be reached"
        case .badPassphrase: "wrong passphrase"
        default: "no passphrase: it could not be asked for, or the question was cancelled"
        }
    }

    private var messageWords: String {
        switch code {
        case .notAMessage: "not an OpenPGP message"
        case .notEncrypted: "not encrypted to your key: the message was never encrypted"
        case .armored: "the message is armored (text)"
        case .passwordEncrypted:
            "not encrypted to your key: the message is encrypted with a password"
        case .notProtected: "the message is not protected against changes"
        case .damagedMessage(let how): "damaged message: \(how)"
        case .truncated: "the message ends too early"
        case .trailingBytes: "bytes follow the end of the message"
        case .plaintextTooLarge(let limit): "the message holds more than \(limit) bytes"
        case .recipientsDiffer(let found):
            "gpg encrypted to other keys than the given ones: "
                + found.map(\.description).joined(separator: ", ")
        case .badSignature: "the signature in the message is not good"
        default: "the message is not signed by the given key"
        }
    }
}

extension OpenPGPError {
    /// What can be done about it, where there is something.
    public var hint: String? {
        switch code {
        case .gpgMissing: "install the package gnupg"
        case .noHome: "set TMPDIR to a directory that can be written"
        case .tooLarge: "export the key alone: gpg --armor --export FINGERPRINT"
        case .tooOpen: "chmod 600 FILE"
        case .notAKey: "export the key with: gpg --armor --export FINGERPRINT"
        case .secretKey:
            "keep it off servers; export the public key with: gpg --armor --export FINGERPRINT"
        case .expired, .noUsableSubkey:
            "extend it where the secret key is (gpg --quick-set-expire), then export it again"
        case .pinnedSubkeyUnusable: "backup key inspect FILE shows what can be used"
        case .halfMade: "remove it: gpg --delete-secret-and-public-key FINGERPRINT"
        case .fromTheFuture: "set the clock"
        case .revoked: "ask the owner of the key for the new one"
        case .cannotEncrypt: "add an encryption subkey, or take another key"
        case .wrongFingerprint: "compare with: backup key inspect FILE"
        case .badFingerprint: "backup key inspect FILE shows it; short ids and names are not safe"
        case .armored: "convert it first: gpg --dearmor"
        case .noAgent:
            "start it: gpgconf --launch gpg-agent; no-autostart or agent-program in gpg.conf may be "
                + "what keeps gpg from that"
        case .noPassphrase:
            "give --passphrase-file; to be asked, have gpg-agent with a pinentry, and on a terminal "
                + "export GPG_TTY=$(tty)"
        case .truncated, .damagedMessage: "take another version"
        case .plaintextTooLarge: "where so much is to be expected, give --max-size"
        default: nil
        }
    }
}

private func systemWords(_ code: Int32) -> String {
    String(cString: strerror(code)).lowercased()
}
