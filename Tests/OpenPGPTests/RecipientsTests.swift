import CivilTime
import FaultServer
import Foundation
import Testing

@testable import OpenPGP

@Suite struct RecipientsTests {
    let keys = try! Keys.shared.get()

    func refusal(_ files: [String], _ fingerprints: [Fingerprint] = []) -> OpenPGPError? {
        do {
            _ = try Recipients(files: files, fingerprints: fingerprints, now: now)
            return nil
        } catch {
            return error as? OpenPGPError
        }
    }

    @Test("a key is encrypted to by its newest subkey, armored or not", arguments: [false, true])
    func newest(armored: Bool) throws {
        for name in ["rsa", "curve", "two"] {
            let file = try keys.home.exported(name, armored: armored)
            let recipients = try Recipients(files: [file], now: now)
            let fingerprints = try keys.home.fingerprints(of: name)
            #expect(recipients.recipients.map(\.key.fingerprint) == [fingerprints[0]])
            #expect(recipients.recipients.map(\.subkey.fingerprint) == [fingerprints.last!])
            #expect(recipients.recipients.map(\.file) == [file])
            #expect(
                recipients.recipients[0].key.encryptionKeyIDs
                    == Set(fingerprints.dropFirst().map(\.keyID)))
            #expect(recipients.warnings.isEmpty)
        }
    }

    @Test("all keys of all files are recipients, each of them once")
    func several() throws {
        let pair = try keys.home.exported("rsa", "curve")
        let other = try keys.home.exported("two", armored: true)
        let recipients = try Recipients(files: [pair, other, pair], now: now)
        #expect(
            Set(recipients.recipients.map(\.key.fingerprint)) == [keys.rsa, keys.curve, keys.two])
        #expect(recipients.keyIDs.count == 3)
    }

    @Test("a pin is the fingerprint of the key or of the subkey, which is then used")
    func pins() throws {
        let file = try keys.home.exported("two")
        let fingerprints = try keys.home.fingerprints(of: "two")
        for (pin, subkey) in [(0, 2), (1, 1), (2, 2)] {
            let recipients = try Recipients(
                files: [file], fingerprints: [fingerprints[pin]], now: now)
            #expect(recipients.recipients[0].subkey.fingerprint == fingerprints[subkey])
        }
        let both = try Recipients(
            files: [file], fingerprints: [fingerprints[0], fingerprints[1]], now: now)
        #expect(both.recipients[0].subkey.fingerprint == fingerprints[1])
    }

    @Test("another key than the pinned one is refused, and so is a pin without its key")
    func wrongPins() throws {
        let file = try keys.home.exported("rsa")
        #expect(
            refusal([file], [keys.curve])?.code == .wrongFingerprint(found: [keys.rsa]))
        #expect(
            refusal([file], [keys.rsa, keys.curve])?.code == .wrongFingerprint(found: []))
        let pair = try keys.home.exported("rsa", "curve")
        #expect(refusal([pair], [keys.rsa])?.code == .wrongFingerprint(found: [keys.curve]))
    }

    @Test("a key that cannot be used is refused with its own reason")
    func unusable() throws {
        let table: [(String, Fingerprint, OpenPGPError.Code)] = [
            ("expired", keys.expired, .expired(on: dateOfExpiry)),
            ("revoked", keys.revoked, .revoked),
            ("sign-only", keys.signOnly, .cannotEncrypt),
            ("old-subkey", keys.oldSubkey, .noUsableSubkey),
        ]
        for (name, fingerprint, expected) in table {
            let file = try keys.home.exported(name)
            let error = refusal([file], [fingerprint])
            #expect(error?.code == expected)
            #expect(error?.subject == "\(file): key \(fingerprint)")
            #expect(error?.hint != nil)
            // A good key beside it changes nothing.
            #expect(refusal([try keys.home.exported("rsa"), file])?.code == expected)
        }
        let old = try keys.home.fingerprints(of: "old-subkey")[1]
        let file = try keys.home.exported("old-subkey")
        #expect(refusal([file], [old])?.code == .noUsableSubkey)
    }

    private var dateOfExpiry: String {
        Timestamp(seconds: keys.past + Keys.year).date
    }

    @Test("a subkey that only signs cannot be pinned")
    func pinnedSigner() throws {
        let home = Home()
        let primary = try home.makeKey(
            "pinned", "ed25519", subkeys: [("cv25519", at: nil, lifetime: "never")])
        try home.gpg("--passphrase", "", "--quick-add-key", primary.hex, "ed25519", "sign")
        let signer = try home.fingerprints(of: "pinned")[2]
        let file = try home.exported("pinned")
        #expect(refusal([file], [signer])?.code == .pinnedSubkeyUnusable)
    }

    @Test("what one file knows about a revocation holds for the other")
    func revokedElsewhere() throws {
        let home = Home()
        let key = try home.makeKey(
            "later-revoked", "ed25519", subkeys: [("cv25519", at: nil, lifetime: "never")])
        let before = try home.exported("later-revoked")
        try home.gpg("--import", input: revocation(of: key, in: home))
        let after = try home.exported("later-revoked")
        #expect(refusal([before]) == nil)
        #expect(refusal([before, after])?.code == .revoked)
    }

    @Test("time is a parameter: tomorrow's key, and one that expires within 60 days")
    func times() throws {
        let file = try keys.home.exported("soon")
        func at(_ days: Int64) throws -> [String] {
            try Recipients(files: [file], now: now.advanced(bySeconds: days * 86400))
                .warnings.map(\.words)
        }
        // The subkey expires 30 days after it was made, a moment ago.
        #expect(try at(0).count == 1)
        #expect(try at(0)[0].hasSuffix("in 29 days") || at(0)[0].hasSuffix("in 30 days"))
        #expect(try at(20)[0].hasSuffix("in 9 days"))
        #expect(code { _ = try at(31) } == .noUsableSubkey)
        #expect(code { _ = try at(-1) } == .fromTheFuture)
        // gpg's own clock sees no valid name in such a key.
        let early = Home()
        let later = now.seconds + 400 * 86400
        let made = try early.makeKey(
            "early", "ed25519", subkeys: [("cv25519", at: later, lifetime: "1y")], at: later)
        let young = try early.scratch.file(
            "early.gpg", try early.gpg("--faked-system-time", "\(later)!", "--export", made.hex))
        #expect(code { _ = try Recipients(files: [young], now: now) } == .fromTheFuture)
        #expect(code { _ = try KeyInspection(file: young, now: now) } == .fromTheFuture)
        let steady = try keys.home.exported("rsa")
        #expect(try Recipients(files: [steady], now: now).warnings.isEmpty)
    }

    @Test("the home is for its owner alone, and gone with the recipients")
    func home() throws {
        var recipients: Recipients? = try keys.recipients("rsa")
        let path = try #require(recipients?.home.path)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        #expect(path.utf8.count < 80)
        recipients = nil
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(processes(naming: path).isEmpty)
    }

    @Test("a refused key leaves no home behind")
    func nothingLeft() throws {
        let scratch = Scratch()
        _ = try PrivateHome(in: [scratch.path])
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
        let long = scratch.path + "/" + String(repeating: "x", count: 60)
        mkdir(long, 0o700)
        #expect(code { _ = try PrivateHome(in: [long]) } != nil)
        let home = try PrivateHome(in: [long, "/nonexistent", scratch.path])
        #expect(home.path.hasPrefix("\(scratch.path)/backup-gpg-"))
    }

    @Test("without a file there is no backup")
    func none() { #expect(refusal([])?.code == .noRecipients) }

    @Test("a missing or old gpg is known before anything else")
    func engine() throws {
        let scratch = Scratch()
        #expect(Engine.examine("\(scratch.path)/missing") == .gpgMissing)
        #expect(Engine.examine() == nil)
        for (version, isEnough) in [("2.2.7", false), ("1.4.23", false), ("2.2.8", true)] {
            let old = try scratch.program(
                version, "#!/bin/sh\necho 'gpg (GnuPG) \(version)'\n")
            let expected = OpenPGPError.Code.gpgTooOld(found: version, needed: "2.2.8")
            #expect(Engine.examine(old) == (isEnough ? nil : expected))
        }
    }
}
