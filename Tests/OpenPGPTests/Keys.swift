import CivilTime
import Foundation

@testable import OpenPGP

/// A GnuPG home of the tests.
final class Home: Sendable {
    let scratch = Scratch()
    var path: String { scratch.path }
    var keyring: Keyring { .directory(path) }

    @discardableResult
    func gpg(_ arguments: String..., input: [UInt8] = []) throws -> [UInt8] {
        try run(
            [
                "gpg", "--homedir", path, "--batch", "--quiet", "--no-tty", "--pinentry-mode",
                "loopback", "--trust-model", "always",
            ] + arguments, input: input)
    }

    /// Makes a key with these subkeys; `at` fakes the clock, in seconds since 1970.
    func makeKey(
        _ name: String, _ primary: String, subkeys: [(String, at: Int64?, lifetime: String)],
        at: Int64? = nil, lifetime: String = "never", passphrase: String = ""
    ) throws -> Fingerprint {
        func clock(_ at: Int64?) -> [String] {
            at.map { ["--faked-system-time", "\($0)!"] } ?? []
        }
        let common = [
            "gpg", "--homedir", path, "--batch", "--quiet", "--no-tty",
            "--pinentry-mode", "loopback", "--passphrase", passphrase,
        ]
        try run(
            common + clock(at) + ["--quick-generate-key", name, primary, "sign,cert", lifetime])
        let fingerprint = try fingerprint(of: name)
        for (algorithm, at, lifetime) in subkeys {
            try run(
                common + clock(at) + [
                    "--quick-add-key", fingerprint.hex, algorithm, "encr",
                    lifetime,
                ])
        }
        return fingerprint
    }

    /// The fingerprints of a key, primary first.
    func fingerprints(of name: String) throws -> [Fingerprint] {
        let listing = String(
            decoding: try gpg("--with-colons", "--list-keys", name), as: UTF8.self)
        return listing.split(separator: "\n").filter { $0.hasPrefix("fpr:") }.compactMap {
            Fingerprint($0.split(separator: ":").last!)
        }
    }

    func fingerprint(of name: String) throws -> Fingerprint { try fingerprints(of: name)[0] }

    /// The public key in a file.
    func exported(_ names: String..., armored: Bool = false) throws -> String {
        let options = ["gpg", "--homedir", path, "--batch", "--quiet", "--no-tty"]
        let bytes = try run(options + (armored ? ["--armor"] : []) + ["--export"] + names)
        return try scratch.file(UUID().uuidString + ".key", bytes)
    }
}

var now: Timestamp { Timestamp(seconds: Int64(Date().timeIntervalSince1970)) }

/// Keys of every kind, made once for all tests.
struct Keys: Sendable {
    let home = Home()
    /// A home with one other key.
    let stranger = Home()
    let passphrase = "correct horse"
    let rsa, curve, two, signOnly, expired, oldSubkey, revoked, soon, locked: Fingerprint
    let strangers: Fingerprint
    /// When the keys of the past were made.
    let past: Int64

    static let year: Int64 = 365 * 86400

    static let shared = Result { try Keys() }

    init() throws {
        past = now.seconds - 3 * Self.year
        rsa = try home.makeKey("rsa", "rsa2048", subkeys: [("rsa2048", at: nil, lifetime: "never")])
        curve = try home.makeKey(
            "curve", "ed25519", subkeys: [("cv25519", at: nil, lifetime: "never")])
        two = try home.makeKey(
            "two", "ed25519",
            subkeys: [
                ("cv25519", at: past + 100, lifetime: "never"),
                ("cv25519", at: past + 200, lifetime: "never"),
            ], at: past)
        signOnly = try home.makeKey("sign-only", "ed25519", subkeys: [])
        expired = try home.makeKey(
            "expired", "ed25519", subkeys: [("cv25519", at: past, lifetime: "1y")], at: past,
            lifetime: "1y")
        oldSubkey = try home.makeKey(
            "old-subkey", "ed25519", subkeys: [("cv25519", at: past, lifetime: "1y")], at: past)
        soon = try home.makeKey(
            "soon", "ed25519", subkeys: [("cv25519", at: nil, lifetime: "30d")])
        locked = try home.makeKey(
            "locked", "ed25519", subkeys: [("cv25519", at: nil, lifetime: "never")],
            passphrase: passphrase)
        revoked = try home.makeKey(
            "revoked", "ed25519", subkeys: [("cv25519", at: nil, lifetime: "never")])
        strangers = try stranger.makeKey(
            "stranger", "ed25519", subkeys: [("cv25519", at: nil, lifetime: "never")])
        try home.gpg("--import", input: revocation(of: revoked, in: home))
    }

    /// Recipients from the public key of a name.
    func recipients(_ name: String) throws -> Recipients {
        try Recipients(files: [home.exported(name)], now: now)
    }

    /// A new home that has this secret key and nothing else.
    func copy(of name: String, passphrase: String = "") throws -> Home {
        let copy = Home()
        let secret = try home.gpg("--passphrase", passphrase, "--export-secret-keys", name)
        try copy.gpg("--passphrase", passphrase, "--import", input: secret)
        return copy
    }

    func passphraseFile() throws -> String {
        try home.scratch.file(UUID().uuidString, Array("\(passphrase)\n".utf8))
    }
}

/// The certificate that gpg made together with a key, ready to be imported.
func revocation(of key: Fingerprint, in home: Home) throws -> [UInt8] {
    let text = try String(
        contentsOfFile: "\(home.path)/openpgp-revocs.d/\(key.hex).rev", encoding: .utf8)
    return Array(text.replacingOccurrences(of: ":-----BEGIN", with: "-----BEGIN").utf8)
}
