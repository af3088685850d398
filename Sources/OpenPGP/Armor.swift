/// ASCII armor (RFC 9580, section 6) around keys.
enum Armor {
    /// An armored block.
    struct Block {
        /// The words between `BEGIN PGP` and the dashes.
        let label: String
        let bytes: [UInt8]
    }

    /// What is wrong with a block.
    struct Malformed: Error {
        let words: String
    }

    /// Every armored block of a text; text around them is ignored, as gpg does.
    static func blocks(in text: [UInt8]) throws -> [Block] {
        var blocks: [Block] = []
        var lines = text.split(omittingEmptySubsequences: false) { $0 == 10 }.map(trimmed)[...]
        while let line = lines.popFirst() {
            guard let label = label(of: line, "-----BEGIN PGP ") else { continue }
            // Headers such as `Comment: …` end with an empty line.
            while let header = lines.first, !header.isEmpty {
                guard header.contains(UInt8(ascii: ":")) else { break }
                lines = lines.dropFirst()
            }
            blocks.append(Block(label: label, bytes: try body(&lines, label)))
        }
        return blocks
    }

    private static func body(
        _ lines: inout ArraySlice<ArraySlice<UInt8>>, _ label: String
    ) throws -> [UInt8] {
        var decoder = Base64()
        var checksum: UInt32?
        while let line = lines.popFirst() {
            if let end = self.label(of: line, "-----END PGP ") {
                guard end == label else { break }
                let bytes = try decoder.finish()
                guard checksum == nil || checksum == crc24(bytes) else {
                    throw Malformed(words: "wrong checksum of the armor")
                }
                return bytes
            }
            if line.first == UInt8(ascii: "="), line.count == 5 {
                var sum = Base64()
                try sum.take(line.dropFirst())
                checksum = try sum.finish().reduce(0) { $0 << 8 | UInt32($1) }
            } else {
                try decoder.take(line)
            }
        }
        throw Malformed(words: "armor without an end")
    }

    private static func label(of line: ArraySlice<UInt8>, _ start: String) -> String? {
        let dashes = "-----"
        guard line.starts(with: start.utf8), line.reversed().starts(with: dashes.utf8),
            line.count >= start.utf8.count + dashes.utf8.count
        else { return nil }
        let label = line.dropFirst(start.utf8.count).dropLast(dashes.utf8.count)
        return String(decoding: label, as: UTF8.self)
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let last = line.last, last == 13 || last == 32 || last == 9 { line.removeLast() }
        while let first = line.first, first == 32 || first == 9 { line.removeFirst() }
        return line
    }

    /// The checksum of section 6.1.
    private static func crc24(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0xB704CE
        for byte in bytes {
            sum ^= UInt32(byte) << 16
            for _ in 0..<8 {
                sum <<= 1
                if sum & 0x1000000 != 0 { sum ^= 0x1864CFB }
            }
        }
        return sum & 0xFFFFFF
    }
}

/// Decodes base64 line by line.
private struct Base64 {
    private var bytes: [UInt8] = []
    private var bits: UInt32 = 0
    private var count = 0
    private var padding = 0

    mutating func take(_ line: some Sequence<UInt8>) throws {
        for character in line {
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = Self.value(character) else {
                throw Armor.Malformed(words: "armor with characters that do not belong there")
            }
            bits = bits << 6 | value
            count += 1
            if count % 4 == 0 {
                bytes += [UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
                bits = 0
            }
        }
    }

    mutating func finish() throws -> [UInt8] {
        switch (count % 4, padding) {
        case (0, 0): break
        case (2, 2): bytes.append(UInt8(bits >> 4 & 255))
        case (3, 1): bytes += [UInt8(bits >> 10 & 255), UInt8(bits >> 2 & 255)]
        default: throw Armor.Malformed(words: "armor that ends in the middle")
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case 0x41...0x5A: UInt32(character) - 0x41
        case 0x61...0x7A: UInt32(character) - 0x61 + 26
        case 0x30...0x39: UInt32(character) - 0x30 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
