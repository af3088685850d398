import Gzip
import Testing

@Suite struct ZstdTests {
    static func stored(_ data: [UInt8]) throws -> [UInt8] {
        let out = Collected()
        _ = try push(data, through: ZstdCompressor { out.take($0) }, longest: 90_000)
        return out.bytes
    }

    @Test("zstd reads what is written", arguments: [0, 1, 100_000, 9_000_000])
    func reference(count: Int) throws {
        let data = dump(bytes: count, seed: UInt64(count))
        #expect(try run("zstd", "-dc", input: Self.stored(data)) == data)
    }

    @Test("what zstd made is read, frames one after another too")
    func reads() throws {
        let data = dump(bytes: 2_000_000, seed: 3)
        let stored = try run("zstd", "-c", "-9", input: data)
        #expect(try decompressed(stored, format: .zstd, longest: 5000) == data)
        let twice = try decompressed(stored + stored, format: .zstd, longest: 70_000)
        #expect(twice == data + data)
    }

    @Test("every cut is refused, and whatever follows the end")
    func truncation() throws {
        let stored = try Self.stored(dump(bytes: 900, seed: 2))
        for count in 0..<stored.count {
            let refused = code { _ = try decompressed(Array(stored.prefix(count)), format: .zstd) }
            #expect(refused == (count == 0 ? .empty : .truncated), "\(count)")
        }
        #expect(
            code { _ = try decompressed(stored + Array("more".utf8), format: .zstd) }
                == .trailingBytes)
        #expect(code { _ = try decompressed(Array("more".utf8), format: .zstd) } == .otherFormat)
    }

    @Test("no flipped bit ever gives other data")
    func flippedBits() throws {
        let data = dump(bytes: 900, seed: 2)
        let stored = try Self.stored(data)
        for bit in 0..<(stored.count * 8) {
            var damaged = stored
            damaged[bit / 8] ^= 1 << (bit % 8)
            let read = try? decompressed(damaged, format: .zstd)
            #expect(read == nil || read == data, "bit \(bit)")
        }
    }
}
