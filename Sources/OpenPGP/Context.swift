internal import CGPGME
internal import Glibc

/// Where gpg keeps its keys.
public enum Keyring: Hashable, Sendable {
    /// The user's own: `$GNUPGHOME`, or `~/.gnupg`.
    case own
    /// Another directory.
    case directory(String)

    var path: String? {
        switch self {
        case .own: nil
        case .directory(let path): path
        }
    }
}

/// A context of gpgme: one operation at a time over one keyring.
final class Context {
    let handle: gpgme_ctx_t
    private let operation: String
    private let keyring: Keyring
    private var passphrase: PassphraseQuestion?

    /// A context for binary data over a keyring; `operation` is for the errors.
    init(_ keyring: Keyring, operation: String) throws(OpenPGPError) {
        try Engine.check(operation: operation)
        var made: gpgme_ctx_t?
        let code = gpgme_new(&made)
        guard code == 0, let made else { throw OpenPGPError(operation, "", .engine(words(code))) }
        handle = made
        self.operation = operation
        self.keyring = keyring
        try check(gpgme_set_protocol(handle, GPGME_PROTOCOL_OpenPGP))
        if let path = keyring.path {
            try check(gpgme_ctx_set_engine_info(handle, GPGME_PROTOCOL_OpenPGP, nil, path))
        }
        gpgme_set_offline(handle, 1)
        try check(gpgme_set_ctx_flag(handle, "full-status", "1"))
    }

    deinit { gpgme_release(handle) }

    /// Throws what a call of gpgme returned, unless it is 0.
    func check(_ code: gpgme_error_t) throws(OpenPGPError) {
        guard code != 0 else { return }
        throw OpenPGPError(operation, "", Self.code(of: code))
    }

    static func code(of error: gpgme_error_t) -> OpenPGPError.Code {
        switch gpgme_err_code(error) {
        case GPG_ERR_BAD_PASSPHRASE: .badPassphrase
        case GPG_ERR_CANCELED, GPG_ERR_FULLY_CANCELED, GPG_ERR_NO_PASSPHRASE,
            GPG_ERR_NO_PIN_ENTRY, GPG_ERR_NO_PIN:
            .noPassphrase
        case GPG_ERR_NO_AGENT: .noAgent
        case GPG_ERR_NO_SECKEY: .noSecretKey(needed: [])
        // Without a terminal, or an answer in time: whatever keeps a pinentry from asking.
        case _ where gpgme_err_source(error) == GPG_ERR_SOURCE_PINENTRY: .noPassphrase
        case GPG_ERR_ENOTTY, GPG_ERR_ENXIO, GPG_ERR_TIMEOUT: .noPassphrase
        default: .engine(words(error))
        }
    }

    /// Answers gpg's question for a passphrase instead of letting the agent ask.
    func answer(with passphrase: Passphrase) throws(OpenPGPError) {
        try check(gpgme_set_pinentry_mode(handle, GPGME_PINENTRY_MODE_LOOPBACK))
        let question = PassphraseQuestion(passphrase)
        self.passphrase = question
        gpgme_set_passphrase_cb(
            handle, answerQuestion, Unmanaged.passUnretained(question).toOpaque())
    }

    /// The keys whose fingerprints are given (all of them without any), public or secret.
    func keys(_ fingerprint: Fingerprint? = nil, secret: Bool = false) throws -> [PublicKey] {
        try check(gpgme_op_keylist_start(handle, fingerprint?.hex, secret ? 1 : 0))
        defer { gpgme_op_keylist_end(handle) }
        var keys: [PublicKey] = []
        while true {
            var key: gpgme_key_t?
            let code = gpgme_op_keylist_next(handle, &key)
            if gpgme_err_code(code) == GPG_ERR_EOF { return keys }
            try check(code)
            guard let key else { return keys }
            defer { gpgme_key_unref(key) }
            if let key = PublicKey(key) { keys.append(key) }
        }
    }

    /// Whether no gpg-agent answers. It has the secret keys: gpg then lists none, without a word.
    var lacksAgent: Bool {
        let home = keyring.path.map { ["--homedir", $0] } ?? []
        let answer = Tool.run(["gpg-connect-agent", "--no-autostart"] + home + ["NOP", "/bye"])
        return answer.map { !$0.starts(with: Array("OK".utf8)) } ?? false
    }
}

/// gpgme's words for an error.
func words(_ error: gpgme_error_t) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    _ = gpgme_strerror_r(error, &buffer, buffer.count - 1)
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self).lowercased()
}

/// The passphrase on its way to gpg.
private final class PassphraseQuestion {
    let passphrase: Passphrase
    init(_ passphrase: Passphrase) { self.passphrase = passphrase }
}

private func answerQuestion(
    _ hook: UnsafeMutableRawPointer?, _ hint: UnsafePointer<CChar>?,
    _ info: UnsafePointer<CChar>?, _ wasBad: Int32, _ descriptor: Int32
) -> gpgme_error_t {
    guard wasBad == 0, let hook else { return gpgme_failure(GPG_ERR_BAD_PASSPHRASE) }
    let question = Unmanaged<PassphraseQuestion>.fromOpaque(hook).takeUnretainedValue()
    let isWritten = question.passphrase.withBytes { bytes in
        gpgme_io_writen(descriptor, bytes.baseAddress, bytes.count) == 0
            && gpgme_io_writen(descriptor, "\n", 1) == 0
    }
    return isWritten ? 0 : gpgme_failure(GPG_ERR_CANCELED)
}
