import Gzip
import Testing

@Suite struct CompressionTests {
    @Test(
        "an operator's word names a way of compressing, and nothing else does",
        arguments: [
            ("gzip", Compression.gzip(level: 6)), ("gzip:1", .gzip(level: 1)),
            ("gzip:9", .gzip(level: 9)), ("zstd", .zstd), ("none", Compression.none),
            ("gzip:0", nil), ("gzip:10", nil), ("gzip:", nil), ("gzip:x", nil), ("GZIP", nil),
            ("zstd:3", nil), ("", nil), ("gzip:6 ", nil),
        ])
    func words(text: String, expected: Compression?) {
        #expect(Compression(text) == expected)
        if let expected { #expect(Compression(expected.description) == expected) }
    }

    @Test("the first bytes tell the format")
    func detection() {
        #expect(Compression.format(ofStreamBeginning: [0x1F, 0x8B, 8, 0]) == .gzip)
        #expect(Compression.format(ofStreamBeginning: [0x28, 0xB5, 0x2F, 0xFD, 0]) == .zstd)
        #expect(Compression.format(ofStreamBeginning: Array("-- dump".utf8)) == .none)
        #expect(Compression.format(ofStreamBeginning: [0x1F]) == .none)
    }

    @Test(
        "every way gives back what it took, with the same checksum on both sides",
        arguments: [Compression.gzip(level: 1), .gzip(level: 9), .zstd, .none])
    func roundTrip(way: Compression) throws {
        let data = dump(bytes: 3_000_000, seed: 7) + noise(bytes: 200_000, seed: 8)
        let stored = Collected()
        let totals = try push(
            data, through: way.compressor { stored.take($0) }, longest: 100_000)
        #expect(totals.bytesIn == Int64(data.count))
        #expect(totals.bytesOut == Int64(stored.bytes.count))

        let format = Compression.format(ofStreamBeginning: stored.bytes)
        let read = Collected()
        let back = try push(
            stored.bytes, through: format.decompressor { read.take($0) }, longest: 70_000)
        #expect(read.bytes == data)
        #expect(back.crc32 == totals.crc32)
        #expect(back.members == totals.members)
        #expect(back.bytesIn == totals.bytesOut)
        #expect(back.bytesOut == totals.bytesIn)
    }

    @Test(
        "more than the limit is refused before it reaches the sink",
        arguments: [Compression.gzip(level: 1), .zstd, .none])
    func limit(way: Compression) throws {
        let data = [UInt8](repeating: 0, count: 8 << 20)
        let stored = Collected()
        _ = try push(data, through: way.compressor { stored.take($0) })
        let format = Compression.format(ofStreamBeginning: stored.bytes)
        let read = Collected()
        #expect(
            code {
                _ = try push(
                    stored.bytes, through: format.decompressor(limit: 1 << 20) { read.take($0) })
            } == .tooLarge(limit: 1 << 20))
        #expect(read.bytes.count <= 1 << 20)
        #expect(
            try decompressed(stored.bytes, format: format, limit: 8 << 20).count == data.count)
    }

    struct DiskFull: Error {}

    @Test(
        "the sink's error comes out unchanged, and a failed stage never finishes",
        arguments: [Compression.gzip(level: 1), .zstd, .none])
    func sinkFails(way: Compression) throws {
        let data = noise(bytes: 6 << 20, seed: 3)
        let stored = Collected()
        _ = try push(data, through: way.compressor { stored.take($0) })
        let format = Compression.format(ofStreamBeginning: stored.bytes)
        for (input, stage) in [
            (data, try way.compressor { _ in throw DiskFull() }),
            (stored.bytes, try format.decompressor { _ in throw DiskFull() }),
        ] {
            #expect(throws: DiskFull.self) { _ = try push(input, through: stage) }
            #expect(code { _ = try stage.finish() } == .notOpen)
            #expect(code { try [1].withUnsafeBytes { try stage.write($0) } } == .notOpen)
        }
    }

    @Test("a finished stage takes nothing more", arguments: [Compression.standard, .zstd, .none])
    func finished(way: Compression) throws {
        let stage = try way.compressor { _ in }
        _ = try stage.finish()
        #expect(code { _ = try stage.finish() } == .notOpen)
    }
}
