import CivilTime
import Foundation
import Testing

@testable import OpenPGP

@Suite struct KeyGenerationTests {
    let keys = try! Keys.shared.get()

    func generated(
        in home: Home, _ protection: KeyGeneration.Protection,
        _ algorithm: KeyGeneration.Algorithm = .curve25519, lifetime: Int64? = nil
    ) throws -> PublicKey {
        var generation = KeyGeneration(userID: "Backup of Acme <backup@acme.example>")
        generation.protection = protection
        generation.algorithm = algorithm
        generation.lifetime = lifetime
        return try generation.run(in: home.keyring)
    }

    @Test(
        "a key without a passphrase is made unattended, and backups are encrypted to it",
        arguments: [KeyGeneration.Algorithm.curve25519, .rsa(bits: 2048)])
    func unattended(algorithm: KeyGeneration.Algorithm) throws {
        let home = Home()
        let key = try generated(in: home, .none, algorithm)
        #expect(key.userIDs.map(\.text) == ["Backup of Acme <backup@acme.example>"])
        #expect(key.subkeys.map(\.algorithm) == [algorithm.primary, algorithm.subkey])
        #expect(key.primary.uses == [.sign, .certify])
        #expect(key.subkeys[1].uses == .encrypt)
        #expect(key.subkeys.allSatisfy { $0.expires == nil })

        let exported = try exportPublicKey(key.fingerprint, from: home.keyring)
        #expect(exported.starts(with: "-----BEGIN PGP PUBLIC KEY BLOCK-----".utf8))
        let file = try home.scratch.file("exported.asc", exported)
        let recipients = try Recipients(files: [file], fingerprints: [key.fingerprint], now: now)
        let message = try encrypted([1, 2, 3], to: recipients)
        #expect(try home.gpg("--decrypt", input: message) == [1, 2, 3])
        #expect(try decrypted(message, in: home) == [1, 2, 3])
        let signer = Signer(key.fingerprint, in: home.keyring)
        #expect(throws: Never.self) { try encrypted([1], to: recipients, signer: signer) }
    }

    @Test("a key with a passphrase is made unattended, and opens nothing without it")
    func withPassphrase() throws {
        let home = Home()
        let passphrase = try Passphrase(file: keys.passphraseFile())
        let key = try generated(in: home, .passphrase(passphrase))
        let file = try home.scratch.file(
            "exported.asc", exportPublicKey(key.fingerprint, from: home.keyring))
        let message = try encrypted([1, 2, 3], to: Recipients(files: [file], now: now))
        // The agent must ask again, and has nobody to ask.
        _ = try home.scratch.file(
            "gpg-agent.conf", Array("pinentry-program /bin/false\n".utf8))
        try run(["gpgconf", "--homedir", home.path, "--kill", "all"])
        #expect(code { _ = try decrypted(message, in: home) } == .noPassphrase)
        #expect(try decrypted(message, in: home, passphrase: passphrase) == [1, 2, 3])
    }

    @Test("without a pinentry a question for a passphrase is an error")
    func withoutPinentry() throws {
        let home = Home()
        _ = try home.scratch.file(
            "gpg-agent.conf", Array("pinentry-program /bin/false\n".utf8))
        #expect(code { _ = try generated(in: home, .agent) } == .noPassphrase)
    }

    @Test("a lifetime is that of the key and of its subkey")
    func lifetime() throws {
        let start = now
        let key = try generated(in: Home(), .none, lifetime: 400 * 86400)
        for subkey in key.subkeys {
            let expires = try #require(subkey.expires)
            let seconds = expires.seconds - start.seconds - 400 * 86400
            #expect((-86400...86400).contains(seconds), "\(seconds)")
        }
    }

    @Test("names with control characters, and none at all, are refused")
    func names() {
        for name in ["", "a\nb", "\u{7F}", " a", "a ", String(repeating: "x", count: 1025)] {
            #expect(
                code { _ = try KeyGeneration(userID: name).run(in: keys.home.keyring) } == .badName)
        }
    }

    @Test("names of algorithms", arguments: ["curve25519", "rsa2048", "rsa3072", "rsa4096"])
    func algorithms(text: String) { #expect(KeyGeneration.Algorithm(text) != nil) }

    @Test(
        "other algorithms are not made",
        arguments: ["", "rsa", "rsa1024", "rsa2049", "rsa8192", "dsa2048", "RSA2048"])
    func otherAlgorithms(text: String) { #expect(KeyGeneration.Algorithm(text) == nil) }

    @Test("an export of a key that is not there says so")
    func noExport() throws {
        let home = try keys.copy(of: "curve")
        #expect(
            code { _ = try exportPublicKey(keys.rsa, from: home.keyring) }
                == .wrongFingerprint(found: []))
    }
}

@Suite struct KeyInspectionTests {
    let keys = try! Keys.shared.get()

    @Test("a file is described key by key, with what stands in the way of each")
    func entries() throws {
        let names = ["rsa", "two", "expired", "revoked", "sign-only", "old-subkey", "soon"]
        let expected: [OpenPGPError.Code?] = [
            nil, nil, .expired(on: Timestamp(seconds: keys.past + Keys.year).date), .revoked,
            .cannotEncrypt, .noUsableSubkey, nil,
        ]
        for (name, problem) in zip(names, expected) {
            let file = try keys.home.exported(name, armored: true)
            let entries = try KeyInspection(file: file, now: now).entries
            #expect(entries.map(\.problem?.code) == [problem])
            #expect(entries[0].key.userIDs.map(\.text) == [name])
            #expect((entries[0].encryptsTo == nil) == (problem != nil))
            #expect(entries[0].warnings.count == (name == "soon" ? 1 : 0))
        }
        let all = try keys.home.exported("rsa", "two", "revoked")
        let fingerprints = try KeyInspection(file: all, now: now).entries.map(\.key.fingerprint)
        #expect(Set(fingerprints) == [keys.rsa, keys.two, keys.revoked])
    }

    @Test("a weak key is warned about")
    func weak() throws {
        let home = Home()
        _ = try home.makeKey(
            "weak", "rsa1024", subkeys: [("rsa1024", at: nil, lifetime: "never")])
        let entries = try KeyInspection(file: home.exported("weak"), now: now).entries
        #expect(entries[0].warnings.map(\.words).allSatisfy { $0.hasPrefix("rsa1024 is weak") })
        #expect(entries[0].warnings.count == 2)
    }
}
