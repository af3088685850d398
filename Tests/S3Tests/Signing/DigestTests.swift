import CivilTime
import Testing

@testable import S3

@Suite("hashes and encodings")
struct DigestTests {
    static let fox = "The quick brown fox jumps over the lazy dog"

    @Test(
        "hashes are those of the standards",
        arguments: [
            (
                "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "d41d8cd98f00b204e9800998ecf8427e"
            ),
            (
                "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "900150983cd24fb0d6963f7d28e17f72"
            ),
            (
                fox, "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
                "9e107d9d372bb6826bd81d3542a419d6"
            ),
        ])
    func hashes(text: String, sha256: String, md5: String) {
        #expect(Hex.encode(Digest.hash(Array(text.utf8), .sha256)) == sha256)
        #expect(Hex.encode(Digest.hash(Array(text.utf8), .md5)) == md5)
    }

    @Test("a hash does not depend on how its bytes arrive, and begins anew when it is finished")
    func incremental() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        let whole = Digest.hash(bytes, .sha256)
        let digest = Digest(.sha256)
        for step in [1, 7, 63, 64, 65, 999, 1000] {
            for start in stride(from: 0, to: 1000, by: step) {
                digest.update(Array(bytes[start..<min(start + step, 1000)]))
                digest.update([])
            }
            #expect(digest.finish() == whole)
        }
        digest.update([1, 2, 3])
        digest.reset()
        #expect(Hex.encode(digest.finish()).hasPrefix("e3b0c442"))
    }

    // RFC 4231, cases 1, 2, 3 and 6.
    @Test(
        "message authentication codes are those of RFC 4231",
        arguments: [
            (
                key: [UInt8](repeating: 0x0b, count: 20), message: Array("Hi There".utf8),
                code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
                code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                key: [UInt8](repeating: 0xaa, count: 20),
                message: [UInt8](repeating: 0xdd, count: 50),
                code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                key: [UInt8](repeating: 0xaa, count: 131),
                message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func authentication(vector: (key: [UInt8], message: [UInt8], code: String)) {
        let key = MessageAuthentication(key: vector.key)
        for _ in 0..<3 { #expect(Hex.encode(key.authenticate(vector.message)) == vector.code) }
    }

    @Test(
        "base64 is that of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
            (String(repeating: "a", count: 60), String(repeating: "YWFh", count: 20)),
        ])
    func base64(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
    }

    @Test("only unreserved bytes stay as they are, and a slash only in a path")
    func percent() {
        let unreserved = Set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        for byte in UInt8.min...UInt8.max {
            var path = [UInt8]()
            var query = [UInt8]()
            PercentEncoding.append([byte], keepingSlash: true, to: &path)
            PercentEncoding.append([byte], keepingSlash: false, to: &query)
            let encoded = Array("%\(Hex.encode([byte]).uppercased())".utf8)
            #expect(query == (unreserved.contains(byte) ? [byte] : encoded))
            #expect(path == (byte == UInt8(ascii: "/") ? [byte] : query))
            #expect(PercentEncoding.decode(query) == [byte])
        }
    }

    @Test("a bad percent sign is not decoded", arguments: ["%", "%4", "%zz", "a%4g", "%%41"])
    func badPercent(text: String) {
        #expect(PercentEncoding.decode(Array(text.utf8)) == nil)
    }

    @Test(
        "dates are written as SigV4 writes them",
        arguments: [
            ("1970-01-01T00:00:00Z", "19700101T000000Z"),
            ("1969-12-31T23:59:59Z", "19691231T235959Z"),
            ("2024-02-29T23:59:59.999Z", "20240229T235959Z"),
            ("2026-12-31T01:02:03Z", "20261231T010203Z"),
            ("2038-01-19T03:14:08Z", "20380119T031408Z"),
            ("0001-01-01T00:00:00Z", "00010101T000000Z"),
            ("9999-12-31T23:59:59Z", "99991231T235959Z"),
        ])
    func dates(text: String, written: String) throws {
        let date = SigningDate(try #require(Timestamp(rfc3339: text)))
        #expect(date.instant == written)
        #expect(date.day == written.prefix(8))
    }

    @Test("text is JSON, escaped but for what would be two surrogates")
    func json() {
        #expect(
            JSONText.quoted("a\"\\/\n\u{1}\u{7f}\u{e9}\u{1f4be}$")
                == #""a\"\\/\u000a\u0001\u007f\u00e9💾$""#)
    }
}
