import Testing

@testable import OpenPGP

@Suite struct MessageInspectorTests {
    let keys = try! Keys.shared.get()

    func inspected(_ bytes: [UInt8], longest: Int = .max) throws -> MessageHead {
        var inspector = MessageInspector()
        try push(bytes, longest: longest) { try inspector.feed($0) }
        return try inspector.finish()
    }

    @Test("the head names whom a message is encrypted to", arguments: ["rsa", "curve", "two"])
    func recipients(name: String) throws {
        let message = try keys.home.gpg(
            "-z0", "--encrypt", "-r", name, input: noise(bytes: 30000, seed: 1))
        let head = try inspected(message, longest: 40)
        #expect(head.keyIDs == [try keys.home.fingerprints(of: name).last!.keyID])
        #expect(head.recipients[0].algorithm == (name == "rsa" ? 1 : 18))
        #expect(head.protection == .hash)
        #expect(!head.hasPassword)
        #expect(try inspected(message) == head)
        #expect(try inspected(message, longest: 1) == head)
    }

    @Test("several, hidden and a password beside them")
    func kinds() throws {
        let several = try inspected(
            keys.home.gpg("--encrypt", "-r", "rsa", "-R", "curve", input: [1]))
        #expect(several.recipients.count == 2)
        #expect(several.keyIDs.filter(\.isHidden).count == 1)
        let password = try inspected(
            keys.home.gpg(
                "--passphrase", "x", "--symmetric", "--encrypt", "-r", "rsa", input: [1]))
        #expect(password.hasPassword)
    }

    @Test("every cut is noticed")
    func cuts() throws {
        for size in [0, 5, 20000] {
            let message = try keys.home.gpg(
                "-z0", "--encrypt", "-r", "curve", input: noise(bytes: size, seed: 2))
            for count in stride(from: 0, to: message.count, by: size > 100 ? 97 : 1) {
                let refused = code { _ = try inspected(Array(message.prefix(count))) }
                #expect(refused == (count == 0 ? .empty : .truncated), "\(count)")
            }
        }
    }

    @Test("nothing may follow: neither bytes nor another message")
    func trailing() throws {
        let message = try keys.home.gpg("--encrypt", "-r", "curve", input: [1, 2])
        for more in [[0], Array("x\n".utf8), [0xCB, 0], message] {
            #expect(code { _ = try inspected(message + more) } == .trailingBytes)
            #expect(code { _ = try inspected(message + more, longest: 1) } == .trailingBytes)
        }
    }

    @Test("what was never encrypted to a key is told apart")
    func others() throws {
        let data = noise(bytes: 1000, seed: 3)
        let key = Array(try keys.home.gpg("--export", "rsa"))
        let message = try keys.home.gpg("--encrypt", "-r", "rsa", input: data)
        let head = try inspected(message)
        let unprotected = Array(message.prefix(Int(head.length))) + [0xC9, 3, 1, 2, 3]
        let table: [([UInt8], OpenPGPError.Code)] = [
            (try keys.home.gpg("--store", input: data), .notEncrypted),
            (try keys.home.gpg("-z0", "--sign", "-u", "rsa", input: data), .notEncrypted),
            (try keys.home.gpg("--sign", "-u", "rsa", input: data), .notEncrypted),
            (
                try keys.home.gpg("--passphrase", "x", "--symmetric", input: data),
                .passwordEncrypted
            ),
            (try keys.home.gpg("--armor", "--encrypt", "-r", "rsa", input: data), .armored),
            (Array("-- a dump\n".utf8), .notAMessage), (Array("--".utf8), .notAMessage),
            (Array("CREATE TABLE".utf8), .notAMessage),
            ([0x1F, 0x8B, 8, 0], .notAMessage), (key, .notAMessage), ([], .empty),
            (unprotected, .notProtected),
        ]
        for (bytes, expected) in table {
            #expect(code { _ = try inspected(bytes) } == expected)
        }
    }

    @Test("all ways of writing a length are read")
    func lengths() throws {
        let recipient: [UInt8] = [0xC1, 12, 3, 1, 2, 3, 4, 5, 6, 7, 8, 1, 9, 9]
        let body = [UInt8](repeating: 1, count: 600)
        let forms: [[UInt8]] = [
            [0xD2, 10] + body.prefix(10),
            [0xD2, 0xC0 + UInt8((600 - 192) >> 8), UInt8((600 - 192) & 255)] + body,
            [0xD2, 0xFF, 0, 0, 2, 0x58] + body,
            [0xD2, 0xE9] + body.prefix(512) + [0xE1, 1, 1, 0],
            [0xD2, 0xE9] + body.prefix(512) + [5] + body.prefix(5),
        ]
        for form in forms {
            let head = try inspected(recipient + form, longest: 3)
            #expect(head.keyIDs.map(\.description) == ["0102030405060708"])
            #expect(head.length == 14)
        }
        #expect(
            code { _ = try inspected(recipient + [0xD2, 0xE1, 1, 1, 0]) }
                == .damagedMessage("a first part of fewer than 512 bytes"))
        let old: [UInt8] = [0x84] + recipient.dropFirst()
        #expect(try inspected(old + forms[0]).recipients.count == 1)
    }
}
