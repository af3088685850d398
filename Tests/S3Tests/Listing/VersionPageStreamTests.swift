import Testing

@testable import S3

@Suite("saved pages in one stream")
struct VersionPageStreamTests {
    /// Reads `text` in pieces of `piece` bytes and gives the number of entries of each page.
    private func counts(_ text: String, piece: Int) throws -> [Int] {
        var rest = Array(text.utf8)[...]
        var stream = VersionPageStream(parser: VersionPageParser(bucket: "bkt")) { buffer in
            let part = rest.prefix(min(piece, buffer.count))
            buffer.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            return part.count
        }
        var counts: [Int] = []
        while let page = try stream.nextPage() { counts.append(page.entries.count) }
        return counts
    }

    private func page(_ entries: Int, key: String = "k") -> String {
        Page(entries: (0..<entries).map { Page.version("\(key)", "v\($0)") }).xml
    }

    @Test("are told apart wherever reading breaks them", arguments: [1, 7, 4096, 1 << 20])
    func pieces(piece: Int) throws {
        let text = page(3) + "\n" + page(0) + page(2) + "\n \n"
        #expect(try counts(text, piece: piece) == [3, 0, 2])
    }

    @Test("may be longer than the buffer")
    func long() throws {
        let large = page(3000, key: String(repeating: "x", count: 900))
        #expect(large.utf8.count > 2 << 20)
        #expect(try counts(large + large + page(1), piece: 100_000) == [3000, 3000, 1])
    }

    @Test("that end early, or are no pages, are refused")
    func bad() throws {
        #expect(try counts("", piece: 9) == [])
        #expect(try counts(" \n\n", piece: 9) == [])
        for text in [
            page(2) + "<ListVersionsResult>", page(2) + "x", String(page(2).dropLast(3)),
            "<html/>", "{\"Versions\": []}",
            page(1).replacing(">k<", with: "><![CDATA[</ListVersionsResult>]]><"),
        ] {
            #expect(throws: ListingProblem.self, "\(text)") { try counts(text, piece: 50) }
        }
    }

    @Test("may have white space in their closing tag")
    func closingTag() throws {
        let spaced = page(1).replacing("</ListVersionsResult>", with: "</ListVersionsResult \n >")
        #expect(try counts(spaced + spaced, piece: 10) == [1, 1])
    }
}
