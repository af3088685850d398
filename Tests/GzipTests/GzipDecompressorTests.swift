import Gzip
import Testing

@Suite struct GzipDecompressorTests {
    @Test("what gzip made is read", arguments: [0, 1, 5000, 3_000_000])
    func reference(count: Int) throws {
        let data = dump(bytes: count, seed: UInt64(count) + 1)
        for level in ["-1", "-9"] {
            let stored = try run("gzip", "-c", level, input: data)
            #expect(try decompressed(stored, longest: 3000) == data)
        }
    }

    @Test("members one after another are one stream")
    func concatenation() throws {
        let first = dump(bytes: 300_000, seed: 1)
        let second = dump(bytes: 10, seed: 2)
        let stored =
            try run("gzip", "-c", input: first) + run("gzip", "-c", input: [])
            + run("gzip", "-c", input: second)
        let out = Collected()
        let totals = try push(stored, through: GzipDecompressor { out.take($0) }, longest: 7)
        #expect(out.bytes == first + second)
        #expect(totals.members == 3)
    }

    /// `hello`, with every optional field of the header.
    static let decorated: [UInt8] = {
        let stored: [UInt8] = [
            0x1F, 0x8B, 8, 0b1_1110, 1, 2, 3, 4, 0, 3, 6, 0, 0x41, 0x42, 2, 0, 9, 9,
        ]
        let header = stored + Array("name\u{0}a comment\u{0}".utf8)
        let sum = header.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { part, _ in
                part & 1 == 0 ? part >> 1 : part >> 1 ^ 0xEDB8_8320
            }
        }
        let crc = ~sum
        let data: [UInt8] = [
            0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x86, 0xA6, 0x10, 0x36, 5, 0, 0, 0,
        ]
        return header + [UInt8(crc & 0xFF), UInt8(crc >> 8 & 0xFF)] + data
    }()

    @Test("every optional field of a header is read, and its checksum verified")
    func fields() throws {
        #expect(try run("gzip", "-dc", input: Self.decorated) == Array("hello".utf8))
        #expect(try decompressed(Self.decorated) == Array("hello".utf8))
        #expect(try decompressed(Self.decorated, longest: 1) == Array("hello".utf8))
        var damaged = Self.decorated
        damaged[20] ^= 1
        #expect(
            code { _ = try decompressed(damaged) } == .badHeader("wrong checksum of the header"))
    }

    static func streams() throws -> [[UInt8]] {
        let text = dump(bytes: 400, seed: 3)
        return [
            try compressed(text), try compressed([]), try run("gzip", "-c", input: text),
            try run("gzip", "-c", input: []), decorated,
        ]
    }

    @Test("every cut is refused")
    func truncation() throws {
        for stored in try Self.streams() {
            for count in 0..<stored.count {
                let refused = code { _ = try decompressed(Array(stored.prefix(count))) }
                #expect(refused == (count == 0 ? .empty : .truncated), "\(count)")
            }
        }
    }

    @Test("a cut between two of our members is refused, though gunzip takes it")
    func cutBetweenMembers() throws {
        let data = dump(bytes: 1 << 20, seed: 6)
        let stored = try compressed(data)
        let first = stored[16..<20].reversed().reduce(0) { $0 << 8 | Int($1) }
        let cut = Array(stored.prefix(first))
        #expect(try run("gzip", "-dc", input: cut).count == 512 << 10)
        #expect(code { _ = try decompressed(cut) } == .truncated)
    }

    @Test("no flipped bit ever gives other data")
    func flippedBits() throws {
        for stored in try Self.streams() {
            let data = try decompressed(stored)
            var harmless = 0
            for bit in 0..<(stored.count * 8) {
                var damaged = stored
                damaged[bit / 8] ^= 1 << (bit % 8)
                guard let read = try? decompressed(damaged) else { continue }
                #expect(read == data, "bit \(bit)")
                harmless += 1
            }
            // Two headers with time, system and the like, and the bits that fill the last byte.
            #expect(harmless <= 140)
        }
    }

    @Test("a flipped bit in a long stream is refused, wherever it is")
    func flippedBitsInLongStreams() throws {
        var random = Seeded(21)
        let data = dump(bytes: 1_300_000, seed: 4)
        for stored in [try compressed(data), try run("gzip", "-c", input: data)] {
            for _ in 0..<40 {
                var damaged = stored
                let place = Int.random(in: 30..<stored.count, using: &random)
                damaged[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
                let read = try? decompressed(damaged)
                #expect(read == nil || read == data, "byte \(place)")
            }
        }
    }

    @Test("whatever follows the end is refused")
    func trailing() throws {
        let streams = [
            try compressed(dump(bytes: 700_000, seed: 1)),
            try run("gzip", "-c", input: dump(bytes: 9000, seed: 1)),
        ]
        for stored in streams {
            for garbage in [[UInt8(0)], Array("x".utf8), [UInt8](repeating: 0, count: 512)] {
                #expect(code { _ = try decompressed(stored + garbage) } == .trailingBytes)
            }
            #expect(code { _ = try decompressed(stored + [0x1F]) } != nil)
        }
        #expect(code { _ = try decompressed(streams[0] + streams[0]) } == .trailingBytes)
        #expect(code { _ = try decompressed(streams[1] + streams[0]) } != nil)
    }

    @Test("members out of order or missing the last are refused")
    func missingEnd() throws {
        let stored = try compressed(dump(bytes: 600_000, seed: 2))
        let first = stored[16..<20].reversed().reduce(0) { $0 << 8 | Int($1) }
        let plain = try run("gzip", "-c", input: dump(bytes: 50, seed: 1))
        #expect(
            code { _ = try decompressed(Array(stored.prefix(first)) + plain) }
                == .badHeader("a member without its size"))
    }

    @Test("a broken rule is named")
    func rules() throws {
        let stored = try run("gzip", "-c", input: Array("abc".utf8))
        let table: [(Int, UInt8, CompressionError.Code)] = [
            (0, 0x1E, .otherFormat), (1, 0, .otherFormat),
            (2, 7, .badHeader("unknown method of compression")),
            (3, 0x20, .badHeader("reserved flags are set")),
            (stored.count - 5, 0xEE, .badChecksum), (stored.count - 1, 1, .badLength),
        ]
        for (place, value, expected) in table {
            var damaged = stored
            damaged[place] = value
            #expect(code { _ = try decompressed(damaged) } == expected, "byte \(place)")
        }
        #expect(code { _ = try decompressed([]) } == .empty)
    }

    @Test("a name without an end is refused before it fills the memory")
    func endlessName() throws {
        let header: [UInt8] = [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3]
        let endless = header + [UInt8](repeating: 65, count: 1 << 20)
        #expect(
            code { _ = try decompressed(endless) }
                == .badHeader("name or comment without an end"))
    }

    @Test("a bomb is stopped at the limit, whatever it says about its size")
    func bomb() throws {
        let zeros = [UInt8](repeating: 0, count: 30 << 20)
        for stored in [try compressed(zeros), try run("gzip", "-c", input: zeros)] {
            let out = Collected()
            let stage = try GzipDecompressor(limit: 1_000_000) { out.take($0) }
            #expect(
                code { _ = try push(stored, through: stage, longest: 4000) }
                    == .tooLarge(limit: 1_000_000))
            #expect(out.bytes.count <= 1_000_000)
        }
    }
}
