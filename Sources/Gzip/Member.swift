import CDeflate

/// The header of a gzip member (RFC 1952, section 2.3).
///
/// ```
/// 1f 8b 08 FLG  MTIME(4) XFL OS  [XLEN(2) extra]  [name 0]  [comment 0]  [CRC16]
/// ```
///
/// The members that this module writes carry an extra field `BK` with their own size, so that
/// they can be told apart without decoding and read on all cores; other readers skip it. Such a
/// stream ends with an empty member, by which a cut between two members is noticed.
struct MemberHeader: Hashable {
    /// Bytes of the header.
    var length: Int
    /// Bytes of the whole member, from the first of the header to the last of the trailer, where
    /// the header says so.
    var memberSize: Int?

    /// Input bytes of a member that this module writes.
    static let blockSize = 512 << 10
    /// Bytes of the header that this module writes.
    static let writtenLength = 20
    /// Bytes of the trailer: CRC-32 and length modulo 2³².
    static let trailerLength = 8
    /// The longest header that is read. RFC 1952 knows no limit for name and comment.
    static let longest = 128 << 10
    /// A sized member is never longer than this, nor what it holds.
    static let longestSized = 1 << 20

    /// Writes the header of a member of `size` bytes in all.
    static func write(into bytes: UnsafeMutableRawBufferPointer, memberSize size: Int, level: Int) {
        let speed: UInt8 = level >= 9 ? 2 : level == 1 ? 4 : 0
        bytes.copyBytes(from: [
            0x1F, 0x8B, 8, 4, 0, 0, 0, 0, speed, 255, 8, 0, UInt8(ascii: "B"), UInt8(ascii: "K"),
            4, 0,
        ])
        bytes.storeBytes(of: UInt32(size).littleEndian, toByteOffset: 16, as: UInt32.self)
    }

    /// Reads a header from the beginning of `bytes`.
    ///
    /// Returns nil while more bytes are needed.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(HeaderProblem) -> MemberHeader? {
        if bytes.count >= 1, bytes[0] != 0x1F { throw .magic }
        if bytes.count >= 2, bytes[1] != 0x8B { throw .magic }
        guard bytes.count >= 10 else { return nil }
        guard bytes[2] == 8 else { throw .rule("unknown method of compression") }
        let flags = bytes[3]
        guard flags & 0xE0 == 0 else { throw .rule("reserved flags are set") }
        var header = MemberHeader(length: 10)
        if flags & 4 != 0 {
            guard let size = extraField(bytes) else { return nil }
            header.length += 2 + size
            header.memberSize = try sizeField(
                UnsafeRawBufferPointer(rebasing: bytes[12..<(12 + size)]))
        }
        for flag in [UInt8(8), 16] where flags & flag != 0 {
            guard let end = bytes[header.length...].firstIndex(of: 0) else {
                guard bytes.count < longest else { throw .rule("name or comment without an end") }
                return nil
            }
            header.length = end + 1
        }
        if flags & 2 != 0 {
            guard bytes.count >= header.length + 2 else { return nil }
            let stored = UInt16(bytes[header.length]) | UInt16(bytes[header.length + 1]) << 8
            let sum = libdeflate_crc32(0, bytes.baseAddress, header.length)
            guard stored == UInt16(truncatingIfNeeded: sum) else {
                throw .rule("wrong checksum of the header")
            }
            header.length += 2
        }
        return header
    }

    /// The length of the extra field, once all of it is there.
    private static func extraField(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 12 else { return nil }
        let size = Int(bytes[10]) | Int(bytes[11]) << 8
        return bytes.count >= 12 + size ? size : nil
    }

    /// The member's size from the `BK` subfield, where there is one.
    private static func sizeField(
        _ extra: UnsafeRawBufferPointer
    ) throws(HeaderProblem) -> Int? {
        var rest = extra[...]
        while rest.count >= 4 {
            let start = rest.startIndex
            let length = Int(rest[start + 2]) | Int(rest[start + 3]) << 8
            guard rest.count >= 4 + length else { break }
            if rest[start] == UInt8(ascii: "B"), rest[start + 1] == UInt8(ascii: "K"), length == 4 {
                let size = Int(
                    extra.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self).littleEndian)
                guard (writtenLength + trailerLength + 2...longestSized).contains(size) else {
                    throw .rule("impossible size of a member")
                }
                return size
            }
            rest = rest.dropFirst(4 + length)
        }
        return nil
    }
}

/// What is wrong with a header.
enum HeaderProblem: Error {
    /// It does not begin as a header does.
    case magic
    /// It breaks a rule of the format.
    case rule(String)
}
