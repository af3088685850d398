import Testing

@testable import Pruning

@Suite struct SpillBufferTests {
    @Test(
        "bytes come back the same from memory and from the temporary file",
        arguments: [1, 64, 1 << 20])
    func roundTrip(limit: Int) throws {
        let buffer = SpillBuffer(memoryLimit: limit)
        var expected: [[UInt8]] = []
        var offsets: [Int] = []
        for index in 0..<500 {
            let piece = (0..<(index % 37)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ index) }
            offsets.append(buffer.count)
            expected.append(piece)
            try buffer.append(piece)
        }
        for (piece, offset) in zip(expected, offsets) {
            #expect(try buffer.read(at: offset, count: piece.count) == piece)
        }
        var all: [UInt8] = []
        try buffer.forEachBlock { all += $0 }
        #expect(all == expected.flatMap(\.self))
        #expect(buffer.isSpilled == (limit < 1 << 20))
    }

    @Test("an emptied buffer starts over")
    func reuse() throws {
        let buffer = SpillBuffer(memoryLimit: 2)
        try buffer.append([1, 2, 3])
        buffer.removeAll()
        #expect(buffer.count == 0)
        try buffer.append([9])
        #expect(try buffer.read(at: 0, count: 1) == [9])
    }

    @Test("goes to /tmp where TMPDIR is not set or is empty, never to the root")
    func folder() {
        #expect(TemporaryFile.folder(nil) == "/tmp" && TemporaryFile.folder("") == "/tmp")
        #expect(TemporaryFile.folder("/var/tmp") == "/var/tmp")
    }
}
