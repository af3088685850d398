import Gzip
import Testing

@Suite struct GzipCompressorTests {
    static let block = 512 << 10

    @Test(
        "gunzip reads what is written, at every length around the blocks",
        arguments: [0, 1, 100, block - 1, block, block + 1, 3 * block, 3 * block + 7])
    func lengths(count: Int) throws {
        let data = dump(bytes: count, seed: UInt64(count))
        let stored = try compressed(data)
        #expect(try run("gzip", "-dc", input: stored) == data)
        #expect(try decompressed(stored, longest: 9000) == data)
    }

    @Test("gunzip reads every level", arguments: 1...9)
    func levels(level: Int) throws {
        let data = dump(bytes: 700_000, seed: 5)
        let stored = try compressed(data, level: level)
        #expect(try run("gzip", "-dc", input: stored) == data)
    }

    @Test("the result does not depend on the number of threads, nor on how the input is cut")
    func deterministic() throws {
        let data = dump(bytes: 2_500_000, seed: 9)
        let reference = try compressed(data, threads: 1)
        for threads in [2, 5] {
            #expect(try compressed(data, threads: threads) == reference)
        }
        let out = Collected()
        let stage = try GzipCompressor(level: 6) { out.take($0) }
        _ = try push(data, through: stage, longest: 5000)
        #expect(out.bytes == reference)
    }

    @Test("the header names no time and an unknown system")
    func header() throws {
        let stored = try compressed([1, 2, 3])
        #expect(stored.prefix(10) == [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 255])
    }

    @Test("data that does not compress grows by less than a thousandth")
    func incompressible() throws {
        let data = noise(bytes: 2 << 20, seed: 4)
        let stored = try compressed(data)
        #expect(stored.count < data.count + data.count / 1000)
        #expect(try run("gzip", "-dc", input: stored) == data)
    }

    @Test("the checksum of all members is the one that gzip writes for the whole")
    func checksum() throws {
        let data = dump(bytes: 1_700_000, seed: 12)
        let out = Collected()
        let stage = try GzipCompressor(level: 1) { out.take($0) }
        let totals = try push(data, through: stage)
        let trailer = try run("gzip", "-c", input: data).suffix(8).prefix(4)
        #expect(totals.crc32 == trailer.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        #expect(totals.members == 5)
    }

    @Test("no more than one block a thread and the one being filled is held")
    func bounded() throws {
        let out = Collected()
        let stage = try GzipCompressor(level: 1, threads: 2) { out.take($0) }
        let piece = dump(bytes: Self.block, seed: 1)
        for blocks in 1...8 {
            try piece.withUnsafeBytes { try stage.write($0) }
            #expect(blocks - out.calls <= 2)
        }
        _ = try stage.finish()
        #expect(out.calls == 9)
    }

    @Test("a stage that is let go half way ends its threads")
    func letGo() throws {
        for _ in 0..<20 {
            let stage = try GzipCompressor(level: 9, threads: 3) { _ in }
            try dump(bytes: 1_500_000, seed: 1).withUnsafeBytes { try stage.write($0) }
        }
    }
}
