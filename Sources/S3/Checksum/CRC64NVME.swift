/// The CRC-64 that S3 calls CRC64NVME, while bytes arrive: one value for a part, and, from the
/// values of all parts, that of the whole object.
///
/// Reflected, polynomial 0xAD93D23594C93659, beginning and end inverted.
/// Source: NVM Express NVM Command Set Specification 1.0d, 5.2.1.3.4, "64b CRC".
public struct CRC64NVME: Sendable, Hashable {
    /// The register: the inverse of the value.
    private var register = UInt64.max
    /// How many bytes went into it.
    public private(set) var count: Int64 = 0

    /// The checksum of nothing, 0.
    public init() {}

    /// The checksum of `bytes`.
    public init(of bytes: UnsafeRawBufferPointer) { update(bytes) }

    /// The checksum of `bytes`.
    public init(of bytes: [UInt8]) { update(bytes) }

    /// The checksum as a number.
    public var value: UInt64 { ~register }

    /// The checksum as S3 writes it: 8 bytes, the highest first, in Base64.
    public var text: String {
        Base64.encode(withUnsafeBytes(of: value.bigEndian) { Array($0) })
    }

    /// Takes more bytes: eight a step, each looked up in a table of its own.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += Int64(bytes.count)
        let table = CRC64NVME.tables
        var crc = register
        var place = 0
        let whole = bytes.count & ~7
        while place < whole {
            let word =
                crc
                ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            crc =
                table[0x700 | Int(word & 0xff)] ^ table[0x600 | Int(word >> 8 & 0xff)]
                ^ table[0x500 | Int(word >> 16 & 0xff)] ^ table[0x400 | Int(word >> 24 & 0xff)]
                ^ table[0x300 | Int(word >> 32 & 0xff)] ^ table[0x200 | Int(word >> 40 & 0xff)]
                ^ table[0x100 | Int(word >> 48 & 0xff)] ^ table[Int(word >> 56)]
            place += 8
        }
        while place < bytes.count {
            crc = table[Int((crc ^ UInt64(bytes[place])) & 0xff)] ^ crc >> 8
            place += 1
        }
        register = crc
    }

    /// Takes more bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Takes the bytes that went into `next`, which follow those taken so far.
    public mutating func append(_ next: CRC64NVME) {
        let shifted = CRC64NVME.multiply(CRC64NVME.shift(byBytes: next.count), value)
        register = ~(shifted ^ next.value)
        count += next.count
    }

    private static let polynomial: UInt64 = 0x9A6C_9329_AC4B_C9B5

    /// Table k, at 256 k, holds what a byte makes of the register when k more bytes follow it.
    ///
    /// Unchecked: written once, before anybody reads it, and never freed.
    private nonisolated(unsafe) static let tables: UnsafePointer<UInt64> = {
        let table = UnsafeMutablePointer<UInt64>.allocate(capacity: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt64(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? polynomial : 0) }
            table[byte] = crc
        }
        for place in 256..<8 * 256 {
            let before = table[place - 256]
            table[place] = table[Int(before & 0xff)] ^ before >> 8
        }
        return UnsafePointer(table)
    }()

    /// The product of two polynomials modulo that of the CRC; the highest bit is x to the 0.
    private static func multiply(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var product: UInt64 = 0
        var term = second
        var rest = first
        while rest != 0 {
            if rest >> 63 == 1 { product ^= term }
            rest <<= 1
            term = term >> 1 ^ (term & 1 == 1 ? polynomial : 0)
        }
        return product
    }

    /// x to the number of bits in so many bytes, modulo the polynomial.
    private static func shift(byBytes count: Int64) -> UInt64 {
        var result: UInt64 = 1 << 63
        var power: UInt64 = 1 << (63 - 8)
        var rest = count
        while rest > 0 {
            if rest & 1 == 1 { result = multiply(result, power) }
            power = multiply(power, power)
            rest >>= 1
        }
        return result
    }
}
