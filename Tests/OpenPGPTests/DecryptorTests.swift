import CivilTime
import FaultServer
import Foundation
import Testing

@testable import OpenPGP

@Suite struct DecryptorTests {
    let keys = try! Keys.shared.get()

    func refusal(_ message: [UInt8], in home: Home? = nil) -> OpenPGPError.Code? {
        code { _ = try decrypted(message, in: home ?? keys.home) }
    }

    @Test(
        "what gpg encrypted is decrypted: compressed or not, any size, any pieces",
        arguments: ["rsa", "curve", "two"])
    func interop(name: String) throws {
        for (seed, size) in [0, 1, 600, 20000, 2 << 20].enumerated() {
            let data = noise(bytes: size, seed: UInt64(seed))
            let ways = [["-z0"], ["-z6"], ["-z0", "--sign", "-u", "rsa"], ["-R", "curve"]]
            for options in [ways[seed % 4], ways[(seed + 2) % 4]] {
                let message = try run(
                    [
                        "gpg", "--homedir", keys.home.path, "--batch", "--quiet",
                        "--trust-model", "always", "--encrypt", "-r", name,
                    ] + options, input: data)
                let longest = size < 1000 ? 7 : 100_000
                #expect(try decrypted(message, in: keys.home, longest: longest) == data)
            }
        }
    }

    @Test("what was encrypted here is decrypted here, 16 MiB in random pieces")
    func roundTrip() throws {
        let data = noise(bytes: 16 << 20, seed: 5)
        let message = try encrypted(data, to: keys.recipients("curve"))
        let out = Collected()
        let stage = try Decryptor(keyring: keys.home.keyring) { out.take($0) }
        try push(message, longest: 300_000) { try stage.write($0) }
        let result = try stage.finish()
        #expect(out.bytes == data)
        #expect(result.bytesIn == Int64(message.count))
        #expect(result.bytesOut == Int64(data.count))
        #expect(result.recipients == [try keys.home.fingerprints(of: "curve")[1].keyID])
        #expect(result.signature == .none)
        #expect(code { _ = try stage.finish() } == .notOpen)
    }

    @Test("no changed byte goes unnoticed", arguments: ["rsa", "curve"])
    func flips(name: String) throws {
        let data = noise(bytes: 300, seed: 9)
        let message = try encrypted(data, to: keys.recipients(name))
        var random = Seeded(11)
        for place in stride(from: 0, to: message.count, by: 11) + [message.count - 1] {
            var changed = message
            changed[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            #expect(refusal(changed) != nil, "byte \(place)")
        }
        var last = message
        last[message.count - 1] ^= 1
        #expect(refusal(last) == .damagedMessage("it has been changed"))
    }

    @Test("a change in the middle of much data is noticed at the end")
    func flipInTheMiddle() throws {
        var message = try encrypted(noise(bytes: 4 << 20, seed: 1), to: keys.recipients("curve"))
        message[2 << 20] ^= 0x40
        #expect(refusal(message) == .damagedMessage("it has been changed"))
    }

    @Test("truncated, continued and repeated messages are refused")
    func framing() throws {
        let message = try encrypted(noise(bytes: 100_000, seed: 2), to: keys.recipients("curve"))
        for count in [1, 50, 94, 95, 96, 1000, 65536, message.count - 1] {
            #expect(refusal(Array(message.prefix(count))) == .truncated, "\(count)")
        }
        #expect(refusal([]) == .empty)
        for more in [[0], [0xCB, 1, 0], message, Array("\n".utf8)] {
            #expect(refusal(message + more) == .trailingBytes)
        }
    }

    @Test("what was not encrypted to a key of ours is refused")
    func notEncrypted() throws {
        let home = keys.home
        let data = noise(bytes: 5000, seed: 3)
        let theirs = try keys.stranger.gpg("--encrypt", "-r", "stranger", input: data)
        let table: [([UInt8], OpenPGPError.Code)] = [
            (try home.gpg("--store", input: data), .notEncrypted),
            (try home.gpg("--sign", "-u", "rsa", input: data), .notEncrypted),
            (try home.gpg("--passphrase", "x", "--symmetric", input: data), .passwordEncrypted),
            (data, data[0] & 0x80 == 0 ? .notAMessage : .damagedMessage("")),
            (try home.gpg("--armor", "--encrypt", "-r", "rsa", input: data), .armored),
            (
                theirs,
                .noSecretKey(needed: [try keys.stranger.fingerprints(of: "stranger")[1].keyID])
            ),
        ]
        for (message, expected) in table where expected != .damagedMessage("") {
            #expect(refusal(message) == expected)
        }
        let hidden = try keys.stranger.gpg("--encrypt", "-R", "stranger", input: data)
        #expect(refusal(hidden) != nil)
    }

    @Test("one content in one message, nothing nested and nothing beside it")
    func inside() throws {
        let home = keys.home
        func packed(_ packets: [UInt8]) throws -> [UInt8] {
            try home.gpg("-z0", "--no-literal", "--encrypt", "-r", "curve", input: packets)
        }
        let literal: [UInt8] = [0xCB, 9, 0x62, 0, 0, 0, 0, 0, 1, 2, 3]
        #expect(try decrypted(packed(literal), in: home) == [1, 2, 3])
        let inner = try home.gpg("-z0", "--encrypt", "-r", "rsa", input: [4, 5, 6])
        let signature = try home.gpg("--detach-sign", "-u", "rsa", input: [1])
        for packets in [literal + literal, inner, literal + inner, inner + literal, signature] {
            #expect(try refusal(packed(packets)) != nil)
        }
    }

    @Test("the limit of the plaintext holds")
    func limit() throws {
        let bomb = try keys.home.gpg(
            "-z9", "--encrypt", "-r", "curve", input: [UInt8](repeating: 0, count: 8 << 20))
        #expect(bomb.count < 100_000)
        var count = 0
        func open(_ limit: Int64) throws {
            let stage = try Decryptor(keyring: keys.home.keyring, limit: limit) {
                count += $0.count
            }
            try push(bomb) { try stage.write($0) }
            _ = try stage.finish()
        }
        #expect(code { try open(1 << 20) } == .plaintextTooLarge(limit: 1 << 20))
        #expect(count <= 1 << 20)
        #expect(code { try open(8 << 20) } == nil)
        #expect(code { try open(8 << 20 - 1) } != nil)
    }

    @Test("a gpg that is killed in the middle is an error")
    func killed() throws {
        let message = try encrypted(noise(bytes: 8 << 20, seed: 4), to: keys.recipients("curve"))
        let home = try keys.copy(of: "curve")
        for after in [2 << 20, message.count] {
            let stage = try Decryptor(keyring: home.keyring) { _ in }
            try push(Array(message.prefix(after))) { try stage.write($0) }
            let mine = processes(naming: "gpg\0").filter {
                processes(naming: home.path).contains($0)
            }
            #expect(!mine.isEmpty)
            for process in mine { kill(process, SIGKILL) }
            let refused = code {
                try push(Array(message.dropFirst(after))) { try stage.write($0) }
                _ = try stage.finish()
            }
            #expect(refused != nil)
        }
    }

    @Test("what the sink throws comes out unchanged")
    func sinkFails() throws {
        struct Full: Error {}
        let message = try encrypted(noise(bytes: 1 << 20, seed: 4), to: keys.recipients("curve"))
        let stage = try Decryptor(keyring: keys.home.keyring) { _ in throw Full() }
        #expect(throws: Full.self) {
            try push(message) { try stage.write($0) }
            _ = try stage.finish()
        }
        #expect(code { _ = try stage.finish() } == .notOpen)
    }
}
