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
            "a page left out in the middle of a key",
            [
                Page(next: ("a", "1"), entries: [Page.version("a", "1")]),
                Page(start: ("a", "3"), entries: [Page.version("a", "4")]),
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

    /// Markers with what XML cannot write, and whether they mean the last entry, `a\u{1}b` version 2.
    static let damaged: [(name: String, key: String, versionID: String, isTaken: Bool)] = [
        ("a reference to a control character", "a&#x01;b", "2", true),
        ("the character itself", "a\u{1}b", "2", true),
        ("another version", "a&#x01;b", "1", false), ("no version", "a&#x01;b", "", false),
        ("another key", "a&#x01;c", "2", false), ("less of the key", "a&#x01;", "2", false),
        ("an undeclared entity as well", "a&#x01;b&k;", "2", false),
        ("an element as well", "a&#x01;b<x/>", "2", false),
    ]

    @Test("a marker that lacks what XML cannot write means the last entry, or refuses the page")
    func damagedMarkers() throws {
        let parser = VersionPageParser()
        let entries = [Page.version("a%01b", "1"), Page.version("a%01b", "2")]
        for marker in Self.damaged {
            let page = Page(
                next: (marker.key, marker.versionID), isEncoded: true, entries: entries)
            let next = try? parser.parse(page.xml.utf8).next
            #expect((next != nil) == marker.isTaken, "\(marker.name)")
            guard let next else { continue }
            #expect(next.key == Array("a\u{1}b".utf8) && next.versionID == Array("2".utf8))
        }
        // The page after it repeats the marker, as little of it as it can.
        var sequence = PageSequence()
        let first = Page(next: ("a&#x01;b", "2"), isEncoded: true, entries: entries)
        let last = Page(
            start: ("a&#x01;b", "2"), isEncoded: true, entries: [Page.version("a%01b", "3")])
        for page in [first, last] { try sequence.accept(try parser.parse(page.xml.utf8)) }
        try sequence.finish()
        var other = PageSequence()
        try other.accept(try parser.parse(first.xml.utf8))
        var wrong = last
        wrong.start.key = "a&#x01;c"
        let second = try parser.parse(wrong.xml.utf8)
        #expect(throws: ListingProblem.self) { try other.accept(second) }
        var alone = PageSequence()
        let begun = try parser.parse(last.xml.utf8)
        #expect(throws: ListingProblem.self) { try alone.accept(begun) }
    }

    @Test("what XML cannot write is refused everywhere else, and where the page is cut")
    func damagedElsewhere() throws {
        let parser = VersionPageParser()
        let good = Page(
            next: ("a&#x01;b", "1"), isEncoded: true, entries: [Page.version("a%01b", "1")]
        ).xml
        #expect(try parser.parse(good.utf8).entries.count == 1)
        for (name, change) in [
            ("a key", good.replacing("<Key>a%01b", with: "<Key>a&#x01;b")),
            ("a raw key", good.replacing("<Key>a%01b", with: "<Key>a\u{1}b")),
            ("a version id", good.replacing("<VersionId>1", with: "<VersionId>&#x01;1")),
            ("a size", good.replacing("<Size>10", with: "<Size>1&#x01;0")),
            ("the bucket", good.replacing("<Name>bkt", with: "<Name>bk&#x01;t")),
            ("a version id marker", good.replacing("Marker>1<", with: "Marker>1&#x01;<")),
            ("between elements", good.replacing("<MaxKeys>", with: "&#x01;<MaxKeys>")),
            ("an ignored element", good.replacing("<MaxKeys>", with: "<MaxKeys>&#x01;")),
        ] {
            #expect(change != good)
            #expect(throws: ListingProblem.self, "\(name)") { try parser.parse(change.utf8) }
        }
        for length in 0..<good.utf8.count {
            #expect(throws: ListingProblem.self, "\(length)") {
                try parser.parse(good.utf8.prefix(length))
            }
        }
    }

    @Test("a prefix that lacks what XML cannot write is the one that was asked for")
    func damagedPrefix() throws {
        let entries = [Page.version("a%01b", "1")]
        let xml = Page(prefix: "a&#x01;", isEncoded: true, entries: entries).xml
        for (prefix, isTaken) in [("a\u{1}", true), ("a\u{1}b", false), ("a\u{2}", false)] {
            let parser = VersionPageParser(prefix: Array(prefix.utf8))
            let page = try? parser.parse(xml.utf8)
            #expect((page != nil) == isTaken, "\(prefix.debugDescription)")
            if let page { #expect(page.prefix == Array(prefix.utf8)) }
        }
    }
}
