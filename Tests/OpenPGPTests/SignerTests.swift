import CivilTime
import FaultServer
import Foundation
import Testing

@testable import OpenPGP

@Suite struct SignerTests {
    let keys = try! Keys.shared.get()

    func opened(
        _ message: [UInt8], in home: Home, signer: Fingerprint? = nil
    ) throws -> Decryptor.Result {
        let stage = try Decryptor(keyring: home.keyring, signer: signer) { _ in }
        try push(message) { try stage.write($0) }
        return try stage.finish()
    }

    @Test("a signed message says who signed it, to gpg and to us")
    func good() throws {
        let start = now
        let signer = Signer(keys.rsa, in: keys.home.keyring)
        let data = noise(bytes: 200_000, seed: 1)
        let message = try encrypted(data, to: keys.recipients("curve"), signer: signer)
        let status = try keys.home.gpg("--status-fd", "1", "--decrypt", input: message)
        #expect(String(decoding: status.filter { $0 < 128 }, as: UTF8.self).contains("GOODSIG"))
        let result = try opened(message, in: keys.home, signer: keys.rsa)
        guard case .good(keys.rsa, _, let time?) = result.signature else {
            Issue.record("\(result.signature)")
            return
        }
        #expect(time >= start && time <= now)
        #expect(try decrypted(message, in: keys.home) == data)
    }

    @Test("the secret key stays where it is, and its agent lives on")
    func agent() throws {
        let home = try keys.copy(of: "rsa")
        try run(["gpgconf", "--homedir", home.path, "--launch", "gpg-agent"])
        let agents = processes(naming: "gpg-agent").filter {
            processes(naming: home.path).contains($0)
        }
        #expect(agents.count == 1)
        do {
            let recipients = try keys.recipients("curve")
            let signer = Signer(keys.rsa, in: home.keyring)
            for _ in 0..<2 { _ = try encrypted([1], to: recipients, signer: signer) }
            let secrets = "\(recipients.home.path)/private-keys-v1.d"
            let files = try? FileManager.default.contentsOfDirectory(atPath: secrets)
            #expect(files ?? [] == [])
        }
        // An agent that was told to end does so a moment later.
        usleep(300_000)
        let answer = try run(
            [
                "gpg-connect-agent", "--homedir", home.path, "--no-autostart", "GETINFO pid",
                "/bye",
            ])
        #expect(String(decoding: answer, as: UTF8.self).hasPrefix("D \(agents[0])\n"))
    }

    @Test("the signer is asked for by its fingerprint when it is opened")
    func pinned() throws {
        let recipients = try keys.recipients("curve")
        let unsigned = try encrypted([1], to: recipients)
        #expect(code { _ = try opened(unsigned, in: keys.home, signer: keys.rsa) } == .notSigned)
        #expect(try opened(unsigned, in: keys.home).signature == .none)
        let signed = try encrypted(
            [1], to: recipients, signer: Signer(keys.two, in: keys.home.keyring))
        #expect(code { _ = try opened(signed, in: keys.home, signer: keys.rsa) } == .notSigned)
        #expect(code { _ = try opened(signed, in: keys.home, signer: keys.two) } == nil)
    }

    @Test("a signer whose public key is not there is unknown")
    func unknown() throws {
        let message = try encrypted(
            [1], to: keys.recipients("curve"), signer: Signer(keys.rsa, in: keys.home.keyring))
        let home = try keys.copy(of: "curve")
        guard case .unknown = try opened(message, in: home).signature else {
            Issue.record("the signature is known")
            return
        }
        #expect(code { _ = try opened(message, in: home, signer: keys.rsa) } == .notSigned)
    }

    @Test("a signer that has been revoked or expired is doubtful, and several are")
    func doubtful() throws {
        let home = try keys.copy(of: "curve")
        let signer = try home.makeKey("signer", "ed25519", subkeys: [])
        let message = try encrypted(
            [1], to: keys.recipients("curve"), signer: Signer(signer, in: home.keyring))
        let two = try home.gpg(
            "--sign", "-u", signer.hex, "-u", keys.curve.hex, "--encrypt", "-r", "curve",
            input: [1])
        #expect(try opened(two, in: home).signature == .doubtful(by: nil))
        #expect(code { _ = try opened(two, in: home, signer: signer) } == .notSigned)
        #expect(code { _ = try opened(message, in: home, signer: signer) } == nil)
        try home.gpg("--import", input: revocation(of: signer, in: home))
        #expect(try opened(message, in: home).signature == .doubtful(by: signer))
        #expect(code { _ = try opened(message, in: home, signer: signer) } == .notSigned)
    }

    @Test("a signer that cannot sign is refused before the first byte")
    func refused() throws {
        let recipients = try keys.recipients("curve")
        func refusal(_ signer: Signer) -> OpenPGPError.Code? {
            code { _ = try Encryptor(to: recipients, signer: signer) { _ in } }
        }
        let home = try keys.copy(of: "locked", passphrase: keys.passphrase)
        let wrong = try Passphrase(file: home.scratch.file("wrong", Array("no".utf8)))
        let right = try Passphrase(file: keys.passphraseFile())
        try run(["gpgconf", "--homedir", home.path, "--kill", "all"])
        #expect(
            refusal(Signer(keys.rsa, in: home.keyring)) == .noSecretKey(needed: []))
        #expect(
            refusal(Signer(keys.locked, in: home.keyring, passphrase: wrong)) == .badPassphrase)
        let mute = try PassphraseTests().lockedHome(
            pinentry: PassphraseTests.pinentry(
                "'ERR 83918950 Inappropriate ioctl for device <Pinentry>'"))
        #expect(refusal(Signer(keys.locked, in: mute.keyring)) == .noPassphrase)
        #expect(refusal(Signer(keys.locked, in: home.keyring, passphrase: right)) == nil)
        let signer = Signer(keys.locked, in: home.keyring, passphrase: right)
        let message = try encrypted([7], to: recipients, signer: signer)
        #expect(try opened(message, in: keys.home, signer: keys.locked).bytesOut == 1)
    }
}
