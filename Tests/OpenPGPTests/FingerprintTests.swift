import Testing

@testable import OpenPGP

@Suite struct FingerprintTests {
    static let digits = "0123456789ABCDEF0123456789ABCDEF01234567"

    static let full = [
        digits, digits.lowercased(), "0x" + digits, digits + digits.prefix(24),
        "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567",
    ]
    static let others = [
        String(digits.suffix(16)), String(digits.suffix(8)), "alice@example.org", "",
        String(digits.dropLast()) + "G", digits + "0",
    ]

    @Test("a full fingerprint is read", arguments: full)
    func reads(text: String) { #expect(Fingerprint(text) != nil) }

    @Test("nothing shorter is a fingerprint", arguments: others)
    func refuses(text: String) { #expect(Fingerprint(text) == nil) }

    @Test("all ways of writing it are equal")
    func equal() {
        #expect(Fingerprint(Self.digits.lowercased()) == Fingerprint("0x" + Self.digits))
    }

    @Test("the key id is the end of a short fingerprint and the beginning of a long one")
    func keyID() {
        #expect(Fingerprint(Self.digits)?.keyID.description == "89ABCDEF01234567")
        let long = Fingerprint(Self.digits + Self.digits.prefix(24))
        #expect(long?.keyID.description == "0123456789ABCDEF")
    }

    @Test("versions are compared number by number")
    func versions() {
        #expect(Engine.isAtLeast("2.2.40", "2.2.8"))
        #expect(Engine.isAtLeast("2.2.8", "2.2.8"))
        #expect(Engine.isAtLeast("2.4", "2.2.8"))
        #expect(Engine.isAtLeast("2.3.0-beta12", "2.2.8"))
        #expect(!Engine.isAtLeast("2.2.7", "2.2.8"))
        #expect(!Engine.isAtLeast("1.4.23", "2.2.8"))
    }
}
