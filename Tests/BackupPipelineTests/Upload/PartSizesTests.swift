import Testing

@testable import BackupPipeline

@Suite("sizes of parts")
struct PartSizesTests {
    @Test("10,000 parts from 16 MiB hold at least 5 TiB")
    func capacity() {
        #expect(PartSizes(first: 16 << 20).capacity(parts: 10_000) >= 5 << 40)
    }

    @Test("never shrink, and stay within S3's bounds", arguments: [1, 5 << 20, 16 << 20, 5 << 30])
    func bounds(first: Int) {
        let sizes = PartSizes(first: first)
        var last = 0
        for number in 1...10_000 {
            #expect(PartSizes.bounds.contains(sizes[number]))
            #expect(sizes[number] >= last, "part \(number)")
            last = sizes[number]
        }
    }

    @Test("stay as they were asked for up to part 2000")
    func level() {
        let sizes = PartSizes(first: 16 << 20)
        #expect(sizes[1] == 16 << 20)
        #expect(sizes[2000] == 16 << 20)
        #expect(sizes[3000] == 32 << 20)
    }

    @Test("outside of S3's bounds are brought into them")
    func clamped() {
        #expect(PartSizes(first: 0)[1] == 5 << 20)
        #expect(PartSizes(first: 6 << 30)[1] == 5 << 30)
    }
}
