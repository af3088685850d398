import Foundation
import Testing

@testable import OpenPGP

@Suite struct KeyFileTests {
    let keys = try! Keys.shared.get()

    func content(_ path: String) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: path)!) }

    @Test("armor holds the same packets as the binary key, whatever is written around it")
    func armor() throws {
        let binary = content(try keys.home.exported("rsa"))
        let armored = content(try keys.home.exported("rsa", armored: true))
        #expect(try KeyFile(path: "k", content: binary).bytes == binary)
        #expect(try KeyFile(path: "k", content: armored).bytes == binary)
        let around = Array("Our key:\r\n\r\n".utf8) + armored + Array("-- \nbye\n".utf8)
        #expect(try KeyFile(path: "k", content: around).bytes == binary)
        let windows = armored.flatMap { $0 == 10 ? [13, 10] : [$0] }
        #expect(try KeyFile(path: "k", content: windows).bytes == binary)
        #expect(try KeyFile(path: "k", content: [0xef, 0xbb, 0xbf] + windows).bytes == binary)
    }

    @Test("several keys in a file, in one block or in several")
    func several() throws {
        let one = content(try keys.home.exported("rsa"))
        let other = content(try keys.home.exported("curve"))
        let blocks =
            content(try keys.home.exported("rsa", armored: true))
            + content(try keys.home.exported("curve", armored: true))
        #expect(try KeyFile(path: "k", content: one + other).bytes == one + other)
        #expect(try KeyFile(path: "k", content: blocks).bytes == one + other)
    }

    @Test("a secret key is refused before gpg sees it, armored or not")
    func secret() throws {
        let binary = try keys.home.gpg("--export-secret-keys", "curve")
        let armored = try keys.home.gpg("--armor", "--export-secret-keys", "curve")
        let public_ = content(try keys.home.exported("rsa"))
        for bytes in [binary, armored, public_ + binary] {
            #expect(code { _ = try KeyFile(path: "k", content: bytes) } == .secretKey)
        }
        let subkey = try keys.home.gpg("--export-secret-subkeys", "curve")
        #expect(code { _ = try KeyFile(path: "k", content: subkey) } == .secretKey)
    }

    @Test("what is not a key is refused")
    func others() throws {
        let message = try keys.home.gpg("--encrypt", "-r", "rsa", input: [1, 2, 3])
        let armored = try keys.home.gpg("--armor", "--encrypt", "-r", "rsa", input: [1, 2, 3])
        for bytes in [message, armored, Array("hello\n".utf8), [0xFF, 0xFF], [0x80]] {
            #expect(code { _ = try KeyFile(path: "k", content: bytes) } == .notAKey, "\(bytes)")
        }
        #expect(code { _ = try KeyFile(path: "k", content: []) } == .empty)
    }

    @Test("a damaged key is refused")
    func damaged() throws {
        let binary = content(try keys.home.exported("rsa"))
        #expect(
            code { _ = try KeyFile(path: "k", content: Array(binary.dropLast(9))) }
                == .damagedKey("it ends too early"))
        var text = String(
            decoding: content(try keys.home.exported("rsa", armored: true)), as: UTF8.self)
        let start = text.range(of: "\n\n")!.upperBound
        let place = text.index(start, offsetBy: 200)
        text.replaceSubrange(place...place, with: text[place] == "A" ? "B" : "A")
        #expect(
            code { _ = try KeyFile(path: "k", content: Array(text.utf8)) }
                == .damagedKey("wrong checksum of the armor"))
        let cut = Array(text.utf8.prefix(500))
        #expect(
            code { _ = try KeyFile(path: "k", content: cut) }
                == .damagedKey("armor without an end"))
    }

    @Test("only a readable file of a key's size is read")
    func files() throws {
        let scratch = Scratch()
        let fifo = "\(scratch.path)/fifo"
        mkfifo(fifo, 0o600)
        let large = try scratch.file("large", [UInt8](repeating: 0x99, count: KeyFile.largest + 1))
        let table: [(String, OpenPGPError.Code)] = [
            ("\(scratch.path)/missing", .unreadable(errno: ENOENT)), (scratch.path, .notAFile),
            (fifo, .notAFile), ("/dev/zero", .notAFile), (large, .tooLarge),
        ]
        for (path, expected) in table {
            #expect(code { _ = try KeyFile(path: path) } == expected, "\(path)")
        }
    }

    @Test("a passphrase comes through a pipe, also in pieces")
    func pipes() throws {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        let (reading, writing) = (ends[0], ends[1])
        defer { close(reading) }
        Thread {
            for part in ["s3cret", " words\n"] {
                _ = write(writing, part, part.utf8.count)
                usleep(20000)
            }
            close(writing)
        }.start()
        let secret = try Passphrase(file: "/dev/fd/\(reading)")
        secret.withBytes { #expect(Array($0) == Array("s3cret words".utf8)) }
    }

    @Test("a passphrase comes from a file of the user alone, and is never shown")
    func passphrase() throws {
        let scratch = Scratch()
        let secret = try Passphrase(file: scratch.file("p", Array("s3cret words\r\nmore".utf8)))
        secret.withBytes { #expect(Array($0) == Array("s3cret words".utf8)) }
        #expect(!"\(secret) \(String(reflecting: secret))".contains("s3cret"))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("s3cret"))
        for mode in [0o620, 0o604, 0o644, 0o602] {
            let open = try scratch.file("open\(mode)", Array("x".utf8), mode: mode_t(mode))
            #expect(code { _ = try Passphrase(file: open) } == .tooOpen)
        }
        let group = try scratch.file("group", Array("x".utf8), mode: 0o440)
        #expect(throws: Never.self) { try Passphrase(file: group) }
        let empty = try scratch.file("empty", Array("\nsecond line".utf8))
        #expect(code { _ = try Passphrase(file: empty) } == .empty)
    }
}
