import FaultServer
import Foundation
import Synchronization
import Testing

@testable import OpenPGP

@Suite struct EncryptorTests {
    let keys = try! Keys.shared.get()

    @Test(
        "gpg decrypts it: RSA, Curve25519, two subkeys, small and large, in pieces of any size",
        arguments: ["rsa", "curve", "two"])
    func interop(name: String) throws {
        let recipients = try keys.recipients(name)
        for (seed, size) in [0, 1, 511, 512, 513, 8192, 70000, 3 << 20].enumerated() {
            let data = noise(bytes: size, seed: UInt64(seed))
            let message = try encrypted(data, to: recipients, longest: size < 100 ? 3 : 200_000)
            #expect(try keys.home.gpg("--decrypt", input: message) == data)
        }
    }

    @Test("64 MiB pass through in random pieces and come out of gpg unchanged")
    func large() throws {
        let data = noise(bytes: 64 << 20, seed: 7)
        let message = try encrypted(data, to: keys.recipients("curve"), longest: 1 << 20)
        #expect(try keys.home.gpg("--decrypt", input: message) == data)
        #expect(message.count < data.count + data.count / 1000)
    }

    @Test("the message is plain OpenPGP: AES-256, protected, not compressed")
    func form() throws {
        let recipients = try keys.recipients("rsa")
        let message = try encrypted([UInt8](repeating: 65, count: 100_000), to: recipients)
        #expect(message.count > 100_000)
        let head = try message.withUnsafeBytes { try MessageHead(firstBytes: $0) }
        #expect(head.keyIDs == recipients.keyIDs)
        #expect(head.protection == .hash)
        let words = try keys.home.gpg("--status-fd", "1", "--decrypt", input: message)
        let text = String(decoding: words.filter { $0 < 128 }, as: UTF8.self)
        #expect(text.contains("DECRYPTION_INFO 2 9"))
        #expect(text.contains("GOODMDC"))
        // No name of a file and no time: a literal packet of `b`, an empty name, zeros.
        #expect(text.contains("PLAINTEXT 62 "))
    }

    @Test("AES-256 is used for a key that prefers worse")
    func preferences() throws {
        let home = Home()
        try home.gpg(
            "--passphrase", "", "--default-preference-list", "S2 H2 Z2",
            "--quick-generate-key", "weak", "rsa2048", "encr", "never")
        let message = try encrypted(
            [1, 2, 3], to: Recipients(files: [home.exported("weak")], now: now))
        let words = try home.gpg("--status-fd", "1", "--decrypt", input: message)
        #expect(
            String(decoding: words.filter { $0 < 128 }, as: UTF8.self)
                .contains("DECRYPTION_INFO 2 9"))
    }

    @Test("every recipient can read it alone")
    func several() throws {
        let home = keys.home
        let recipients = try Recipients(
            files: [home.exported("rsa", "two"), keys.stranger.exported("stranger")], now: now)
        let message = try encrypted([1, 2, 3], to: recipients)
        #expect(try home.gpg("--decrypt", input: message) == [1, 2, 3])
        #expect(try keys.stranger.gpg("--decrypt", input: message) == [1, 2, 3])
    }

    @Test("the totals are those of the stream")
    func totals() throws {
        var count = 0
        let stage = try Encryptor(to: keys.recipients("curve")) { count += $0.count }
        try push([UInt8](repeating: 1, count: 12345)) { try stage.write($0) }
        let result = try stage.finish()
        #expect(result.bytesIn == 12345)
        #expect(result.bytesOut == Int64(count))
        #expect(result.recipients.count == 1)
        #expect(result.signer == nil)
        #expect(code { _ = try stage.finish() } == .notOpen)
        #expect(code { try push([1]) { try stage.write($0) } } == .notOpen)
    }

    @Test("a gpg that is killed in the middle is an error, never an end")
    func killed() throws {
        for moment in [0, 1, 2] {
            let recipients = try keys.recipients("curve")
            let stage = try Encryptor(to: recipients) { _ in }
            let part = noise(bytes: 1 << 20, seed: 3)
            if moment > 0 { try push(part) { try stage.write($0) } }
            #expect(eventually { !processes(naming: recipients.home.path).isEmpty })
            for process in processes(naming: recipients.home.path) { kill(process, SIGKILL) }
            #expect(eventually { processes(naming: recipients.home.path).isEmpty })
            let refused = code {
                if moment == 2 { try push(part) { try stage.write($0) } }
                _ = try stage.finish()
            }
            #expect(refused != nil)
            #expect(code { _ = try stage.finish() } == .notOpen)
        }
    }

    @Test("a message to other keys than the given ones never reaches the sink")
    func otherRecipients() throws {
        for options in [["-r", "rsa"], ["-r", "curve", "-r", "rsa"], ["-R", "curve"]] {
            let out = Collected()
            let output = Encryptor.Output(
                expected: [try keys.home.fingerprints(of: "curve")[1].keyID]) { out.take($0) }
            let message = try run(
                [
                    "gpg", "--homedir", keys.home.path, "--batch", "--quiet", "--trust-model",
                    "always", "--encrypt",
                ] + options, input: noise(bytes: 5000, seed: 2))
            let refused = code { try push(message, longest: 100) { try output.take($0) } }
            guard case .recipientsDiffer = refused else {
                Issue.record("\(options): \(String(describing: refused))")
                continue
            }
            #expect(out.bytes.isEmpty)
        }
    }

    @Test("what the sink throws comes out unchanged, and gpg ends with the stage")
    func sinkFails() throws {
        struct Full: Error {}
        let recipients = try keys.recipients("curve")
        do {
            let stage = try Encryptor(to: recipients) { _ in throw Full() }
            #expect(throws: Full.self) {
                for _ in 0..<64 {
                    try push(noise(bytes: 1 << 20, seed: 1)) { try stage.write($0) }
                }
                _ = try stage.finish()
            }
            #expect(code { _ = try stage.finish() } == .notOpen)
        }
        #expect(eventually { processes(naming: recipients.home.path).isEmpty })
    }

    @Test("a stage that is let go ends its gpg")
    func letGo() throws {
        let recipients = try keys.recipients("curve")
        do {
            let stage = try Encryptor(to: recipients) { _ in }
            try push([1, 2, 3]) { try stage.write($0) }
            #expect(eventually { !processes(naming: recipients.home.path).isEmpty })
        }
        #expect(eventually { processes(naming: recipients.home.path).isEmpty })
    }

    @Test("a readable descriptor cancels")
    func cancelled() throws {
        var pipes: [Int32] = [0, 0]
        pipe(&pipes)
        defer { for descriptor in pipes { close(descriptor) } }
        let stage = try Encryptor(to: keys.recipients("curve"), cancellation: pipes[0]) { _ in }
        try push([1, 2, 3]) { try stage.write($0) }
        _ = write(pipes[1], "x", 1)
        #expect(code { _ = try stage.finish() } == .cancelled)
    }

    @Test("several stages work at the same time over the same recipients")
    func parallel() throws {
        let recipients = try keys.recipients("curve")
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { index in
            do {
                let data = noise(bytes: 1 << 20, seed: UInt64(index))
                let message = try encrypted(data, to: recipients, longest: 100_000)
                guard try keys.home.gpg("--decrypt", input: message) == data else {
                    return failures.withLock { $0.append("another content") }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
    }
}
