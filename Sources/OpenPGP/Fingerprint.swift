/// The full fingerprint of an OpenPGP key or subkey.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    /// 40 (version 4) or 64 (version 5 and 6) upper-case hexadecimal digits.
    public let hex: String

    /// Reads 40 or 64 hexadecimal digits; spaces between them and a leading `0x` are ignored.
    ///
    /// Anything shorter is nil: a key id names no key, as another with the same id can be made.
    public init?(_ text: some StringProtocol) {
        var digits = text.utf8.filter { $0 != UInt8(ascii: " ") }[...]
        if digits.starts(with: "0x".utf8) || digits.starts(with: "0X".utf8) {
            digits = digits.dropFirst(2)
        }
        guard digits.count == 40 || digits.count == 64 else { return nil }
        var hex = ""
        for digit in digits {
            guard let value = hexValue(digit) else { return nil }
            hex.append(Character(UnicodeScalar(hexDigits[Int(value)])))
        }
        self.hex = hex
    }

    /// The key id: the last 64 bits of a version 4 fingerprint, the first 64 of a longer one.
    public var keyID: KeyID {
        let digits = hex.utf8.count == 40 ? hex.suffix(16) : hex.prefix(16)
        return KeyID(UInt64(digits, radix: 16) ?? 0)
    }

    /// The digits.
    public var description: String { hex }
}

/// The 64-bit id by which a message names the subkeys that it was encrypted to.
public struct KeyID: Hashable, Sendable, CustomStringConvertible {
    /// The id as a number; 0 where the sender hid the recipient.
    public let value: UInt64

    /// An id.
    public init(_ value: UInt64) { self.value = value }

    /// Whether the sender hid the recipient.
    public var isHidden: Bool { value == 0 }

    /// 16 upper-case hexadecimal digits.
    public var description: String {
        var text: [UInt8] = []
        for shift in stride(from: 60, through: 0, by: -4) {
            text.append(hexDigits[Int(value >> UInt64(shift) & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

private let hexDigits = Array("0123456789ABCDEF".utf8)

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
}
