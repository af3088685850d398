import Testing

@testable import S3

@Suite("pages in a row")
struct PageSequenceTests {
    /// Pages in a row, and what is wrong with them.
    static let sequences: [(name: String, pages: [Page], code: ListingProblem.Code?)] = [
        ("no page", [], .empty),
        ("one page", [Page(entries: [Page.version("a", "1")])], nil),
        (
            "two pages",
            [
                Page(next: ("a", "1"), entries: [Page.version("a", "1")]),
                Page(start: ("a", "1"), entries: [Page.version("a", "2")]),
            ], nil
        ),
        (
            "a page without entries in between",
            [
                Page(next: ("a", "1"), entries: [Page.version("a", "1")]),
                Page(start: ("a", "1"), next: ("m", "7")),
                Page(start: ("m", "7"), entries: [Page.version("n", "2")]),
            ], nil
        ),
        (
            "a page that says nothing of where it begins",
            [Page(next: ("a", "1"), entries: [Page.version("a", "1")]), Page()], nil
        ),
        ("a last page that is truncated", [Page(next: ("a", "1"))], .incomplete),
        ("a page after the last", [Page(), Page()], .incomplete),
        (
            "a first page that is not the first",
            [Page(start: ("a", "1"), entries: [Page.version("b", "1")])], .incomplete
        ),
        (
            "a page left out",
            [
                Page(next: ("a", "1"), entries: [Page.version("a", "1")]),
                Page(start: ("c", "3"), entries: [Page.version("d", "1")]),
            ], .incomplete
        ),
        (
            "the same page again",
            [
                Page(next: ("a", "1"), entries: [Page.version("a", "1")]),
                Page(start: ("a", "1"), next: ("a", "1"), entries: [Page.version("a", "1")]),
            ], .duplicate
        ),
        (
            "the same marker again",
            [
                Page(next: ("a", "1"), entries: [Page.version("a", "1")]),
                Page(start: ("a", "1"), next: ("a", "1")),
            ], .marker
        ),
        (
            "markers of one key in a circle",
            [
                Page(next: ("a", "1")), Page(start: ("a", "1"), next: ("a", "2")),
                Page(start: ("a", "2"), next: ("a", "3")),
                Page(start: ("a", "3"), next: ("a", "1")),
            ], .marker
        ),
        (
            "a marker that steps back",
            [
                Page(next: ("b", "1"), entries: [Page.version("b", "1")]),
                Page(start: ("b", "1"), next: ("a", "9")),
            ], .marker
        ),
        (
            "a key that steps back",
            [
                Page(next: ("b", "1"), entries: [Page.version("b", "1")]),
                Page(start: ("b", "1"), entries: [Page.version("a", "9")]),
            ], .order
        ),
        (
            "a marker before the page's own last key",
            [Page(next: ("a", "1"), entries: [Page.version("b", "1")])], .marker
        ),
    ]

    @Test(
        "are accepted only without a gap, a repetition or a step back", arguments: sequences.indices
    )
    func sequence(index: Int) throws {
        let (name, pages, code) = Self.sequences[index]
        let parser = VersionPageParser(bucket: "bkt")
        var sequence = PageSequence()
        var found: ListingProblem.Code?
        do {
            for page in pages { try sequence.accept(try parser.parse(page.xml.utf8)) }
            try sequence.finish()
        } catch {
            found = error.code
        }
        #expect(found == code, "\(name)")
    }

    @Test("a truncated page must say where the next one begins")
    func next() throws {
        let one = [Page.version("a", "1")]
        let parser = VersionPageParser()
        for next in [(nil, nil), ("", ""), ("", "1"), ("b", nil), ("b", "")] as [(String?, String?)]
        {
            let page = Page(next: next, entries: one)
            #expect(throws: ListingProblem.self, "\(next)") { try parser.parse(page.xml.utf8) }
        }
        let keyOnly = try parser.parse(Page(next: ("a", nil), entries: one).xml.utf8)
        #expect(keyOnly.next == VersionPage.Position(key: [0x61], versionID: [0x31]))
    }

    @Test("Ceph's NextKeyMarker, which is not encoded, means the last entry")
    func ceph() throws {
        let entries = [Page.version("a%2525+b", "1")]
        for marker in ["a%25 b", "a%2525+b"] {
            let page = try VersionPageParser().parse(
                Page(next: (marker, "1"), isEncoded: true, entries: entries).xml.utf8)
            #expect(page.next?.key == Array("a%25 b".utf8), "\(marker)")
        }
    }
}
