@testable import BackupPipeline
import FaultServer
import Foundation
import Gzip
import OpenPGP
import S3
import Testing

@Suite("restore")
struct RestoreTests {
    private static let plain = Array("-- a dump\n".utf8) + noise(300_000)

    @Test(
        "what gzip and gpg made comes back, whatever the kind of the key",
        arguments: ["rsa", "curve", "two", "each"])
    func recipients(_ name: String) throws {
        let home = try GPG.shared.get()
        let packed = try GPG.gzip(Self.plain)
        // Of the key with two subkeys gpg takes the newest; `!` makes it take the other.
        let message =
            try name == "each"
            ? home.encrypted(packed, to: home.fingerprints("two")[1] + "!")
            : home.encrypted(packed, to: name)
        let (receipt, bytes) = try ObjectServer(message).restore(in: home)
        #expect(bytes == Self.plain)
        #expect(receipt.bytesStored == message.count && receipt.format == .gzip)
        #expect(receipt.bytesRestored == Self.plain.count)
        #expect(receipt.signature == .none)
    }

    @Test("what is not packed comes back as it is, an empty backup too")
    func unpacked() throws {
        let home = try GPG.shared.get()
        for plain in [[], [0x1F], Array("abc".utf8), Self.plain] {
            let (receipt, bytes) = try ObjectServer(home.encrypted(plain)).restore(in: home)
            #expect(bytes == plain && receipt.format == .none)
        }
    }

    @Test("a gzip that was uploaded unpacked stays one where the operator says so")
    func keptPacked() throws {
        let home = try GPG.shared.get()
        let packed = try GPG.gzip(Self.plain)
        let (receipt, bytes) = try ObjectServer(home.encrypted(packed)).restore(in: home) {
            $0.unpacking = .format(.none)
        }
        #expect(bytes == packed && receipt.format == .none)
    }

    /// What is wrong with a message, and what is said about it.
    struct Damage: Sendable, CustomTestStringConvertible {
        let name: String
        let words: String
        let make: @Sendable (GPG) throws -> [UInt8]
        var testDescription: String { name }

        init(
            _ name: String, _ words: String, _ make: @escaping @Sendable (GPG) throws -> [UInt8]
        ) {
            (self.name, self.words, self.make) = (name, words, make)
        }
    }

    private static func message(_ home: GPG) throws -> [UInt8] {
        try home.encrypted(GPG.gzip(plain))
    }

    static let damages = [
        Damage("the last byte is missing", "the message ends too early") {
            try message($0).dropLast()
        },
        Damage("half of it is missing", "the message ends too early") {
            let whole = try message($0)
            return Array(whole[..<(whole.count / 2)])
        },
        Damage("one bit is flipped", "damaged message: it has been changed") {
            var bytes = try message($0)
            bytes[bytes.count / 2] ^= 1
            return bytes
        },
        Damage("the last bit is flipped", "damaged message: it has been changed") {
            var bytes = try message($0)
            bytes[bytes.count - 1] ^= 1
            return bytes
        },
        Damage("two messages", "bytes follow the end of the message") {
            let whole = try message($0)
            return whole + whole
        },
        Damage("something follows", "bytes follow the end of the message") {
            try message($0) + Array("garbage".utf8)
        },
        Damage("never encrypted", "the message was never encrypted") {
            try $0.run(["--store"], input: GPG.gzip(plain))
        },
        Damage("signed only", "the message was never encrypted") {
            try $0.run(["--sign", "--local-user", "curve"], input: GPG.gzip(plain))
        },
        Damage("with a password", "encrypted with a password") {
            try $0.run(["--symmetric", "--passphrase", "x"], input: GPG.gzip(plain))
        },
        Damage("to another key", "no secret key for") { _ in
            try GPG.other.get().encrypted(GPG.gzip(plain), to: "stranger")
        },
        Damage("armored", "the message is armored") {
            try $0.encrypted(GPG.gzip(plain), ["--armor"])
        },
        Damage("not a message", "not an OpenPGP message") { _ in Array("-- a dump\n".utf8) },
        Damage("an empty object", "the stored object is empty") { _ in [] },
        Damage("a gzip that ends early", "the gzip stream ends too early") {
            try $0.encrypted(GPG.gzip(plain).dropLast(9))
        },
        Damage("a gzip with a wrong checksum", "wrong checksum") {
            var packed = try GPG.gzip(plain)
            packed[packed.count - 8] ^= 1
            return try $0.encrypted(packed)
        },
        Damage("a gzip with a wrong length", "wrong length") {
            var packed = try GPG.gzip(plain)
            packed[packed.count - 1] ^= 1
            return try $0.encrypted(packed)
        },
        Damage("a gzip that something follows", "bytes follow the end of the gzip stream") {
            try $0.encrypted(GPG.gzip(plain) + Array("garbage".utf8))
        },
    ]

    @Test("what is not a whole, unchanged backup for our key is refused", arguments: damages)
    func damage(_ damage: Damage) throws {
        let home = try GPG.shared.get()
        let server = try ObjectServer(try damage.make(home))
        #expect {
            _ = try server.restore(in: home)
        } throws: {
            "\($0)".contains(damage.words)
        }
    }

    @Test("a bomb is stopped at the limit, and not a byte beyond it is handed on")
    func bomb() throws {
        let home = try GPG.shared.get()
        let server = try ObjectServer(
            try home.encrypted(GPG.gzip([UInt8](repeating: 0, count: 64 << 20))))
        #expect(try server.version().size < 100_000)
        var order = Restore.Order(try server.version())
        order.keyring = home.keyring
        order.limit = 1 << 20
        var count = 0
        #expect {
            _ = try Restore(order, through: server.client, stop: server.stop).run {
                count += $0.count
            }
        } throws: {
            ($0 as? CompressionError)?.code == .tooLarge(limit: 1 << 20)
        }
        #expect(count <= 1 << 20)
        #expect(throws: Never.self) {
            _ = try server.restore(in: home) { $0.limit = 64 << 20 }
        }
        // The same inside of OpenPGP's own compression.
        let packedByGPG = try ObjectServer(
            try home.encrypted([UInt8](repeating: 0, count: 64 << 20), ["-z", "9"]))
        #expect {
            _ = try packedByGPG.restore(in: home) { $0.limit = 1 << 20 }
        } throws: {
            "\($0)".contains("more than")
        }
    }

    @Test("a passphrase opens the key; a wrong one fails before much was fetched")
    func passphrase() throws {
        let home = try GPG.shared.get()
        let message = try home.encrypted(noise(4 << 20), to: "locked")
        let server = try ObjectServer(message)
        #expect {
            _ = try server.restore(in: home) {
                $0.passphrase = try Passphrase(file: home.passphraseFile("wrong"))
                $0.reading.rangeSize = 64 << 10
            }
        } throws: {
            ($0 as? OpenPGPError)?.code == .badPassphrase
        }
        #expect(server.getCount < 20)
        let (_, bytes) = try server.restore(in: home) {
            $0.passphrase = try Passphrase(file: home.passphraseFile())
        }
        #expect(bytes.count == 4 << 20)
    }

    @Test("a signer that is demanded must have signed")
    func signer() throws {
        let home = try GPG.shared.get()
        let signed = try ObjectServer(
            home.encrypted(Self.plain, ["--sign", "--local-user", "two"]))
        let two = Fingerprint(try home.fingerprints("two")[0])!
        let (receipt, _) = try signed.restore(in: home) { $0.signer = two }
        guard case .good(two, _, _) = receipt.signature else {
            Issue.record("\(receipt.signature)")
            return
        }
        for message in [signed, try ObjectServer(home.encrypted(Self.plain))] {
            #expect {
                _ = try message.restore(in: home) {
                    $0.signer = Fingerprint(try home.fingerprints("rsa")[0])!
                }
            } throws: {
                ($0 as? OpenPGPError)?.code == .notSigned
            }
        }
    }

    @Test("--raw is the object as it is stored, with its checksum")
    func raw() throws {
        let object = noise(100_001)
        let server = try ObjectServer(object)
        var order = Restore.Order(try server.version())
        order.reading.rangeSize = 10_000
        var bytes: [UInt8] = []
        var wanted = CRC64NVME()
        object.withUnsafeBytes { wanted.update($0) }
        let checksum = try Restore(order, through: server.client, stop: server.stop).runRaw {
            bytes += $0
        }
        #expect(bytes == object && checksum.text == wanted.text)
        order.limit = 100_000
        #expect(throws: ObjectTooLarge(bytes: 100_001, limit: 100_000)) {
            try Restore(order, through: server.client, stop: server.stop).runRaw { _ in }
        }
    }
}
