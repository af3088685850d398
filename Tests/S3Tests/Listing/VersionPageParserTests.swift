import Foundation
import Testing

@testable import S3

@Suite("a page of a listing")
struct VersionPageParserTests {
    /// The problem of parsing `xml`, fed whole and byte by byte: both must agree.
    private func problem(
        _ xml: String, bucket: String? = "bkt", prefix: String = ""
    ) -> ListingProblem.Code? {
        problem(Array(xml.utf8), bucket: bucket, prefix: prefix)
    }

    private func problem(
        _ xml: [UInt8], bucket: String? = "bkt", prefix: String = ""
    ) -> ListingProblem.Code? {
        let parser = VersionPageParser(bucket: bucket, prefix: Array(prefix.utf8))
        func code(_ parse: () throws -> VersionPage) -> ListingProblem.Code? {
            do {
                _ = try parse()
                return nil
            } catch {
                return (error as? ListingProblem)?.code
            }
        }
        let whole = code { try parser.parse(xml) }
        parser.reset()
        let slow = code {
            for byte in xml { try withUnsafeBytes(of: byte) { try parser.feed($0) } }
            return try parser.finish()
        }
        #expect(whole == slow)
        return whole
    }

    private static let good = Page.version("a", "1", latest: true)

    /// Entries, and what becomes of a page that holds them.
    static let entries: [(name: String, xml: String, code: ListingProblem.Code?)] = [
        ("a version", good, nil),
        ("a comment inside a key", good.replacing(">a<", with: ">a<!-- x --><"), nil),
        ("a CDATA section", good.replacing(">a<", with: "><![CDATA[a<b&c]]><"), nil),
        ("an element inside a key", good.replacing(">a<", with: ">a<b>x</b><"), .field),
        ("two keys", good.replacing("<VersionId>", with: "<Key>b</Key><VersionId>"), .field),
        ("no key", good.replacing("<Key>a</Key>", with: ""), .field),
        ("no size", good.replacing("<Size>10</Size>", with: ""), .field),
        ("a negative size", good.replacing(">10<", with: ">-10<"), .field),
        ("an empty size", good.replacing(">10<", with: "><"), .field),
        ("a size in words", good.replacing(">10<", with: ">1e3<"), .field),
        ("the largest size", good.replacing(">10<", with: ">9223372036854775807<"), nil),
        ("a larger size", good.replacing(">10<", with: ">9223372036854775808<"), .field),
        ("no version id", good.replacing("<VersionId>1</VersionId>", with: ""), .field),
        ("an empty version id", good.replacing(">1<", with: "><"), .field),
        ("white space for a version id", good.replacing(">1<", with: "> <"), .field),
        ("a line break in a version id", good.replacing(">1<", with: ">1&#10;2<"), .field),
        ("IsLatest in capitals", good.replacing(">true<", with: ">TRUE<"), .field),
        ("IsLatest as a number", good.replacing(">true<", with: ">1<"), .field),
        ("no IsLatest", good.replacing("<IsLatest>true</IsLatest>", with: ""), .field),
        ("a local date", good.replacing("00.000Z", with: "00.000"), .field),
        ("no ETag", good.replacing("<ETag>&quot;0e1&quot;</ETag>", with: ""), nil),
        ("text between fields", good.replacing("<VersionId>", with: "x<VersionId>"), .malformed),
        ("lines between fields", good.replacing("><", with: ">\n\t <"), nil),
        (
            "fields of another namespace",
            good.replacing("<Size>", with: #"<x:Key xmlns:x="urn:x">evil</x:Key><Size>"#), nil
        ),
        (
            "a version of another namespace",
            good.replacing("<Version>", with: #"<Version xmlns="urn:x">"#), .field
        ),
        ("a prefix without namespace", good.replacing("<Size>", with: "<x:y/><Size>"), .malformed),
        ("the same version twice", good + good, .duplicate),
        (
            "the same version twice, apart",
            good + Page.version("a", "2") + Page.version("a", "1"), .duplicate
        ),
        ("the same id under another key", good + Page.version("b", "1"), nil),
        ("keys that step back", Page.version("b", "1") + Page.version("a", "2"), .order),
        (
            "markers after versions, as moto lists them",
            Page.version("a", "1") + Page.version("c", "2") + Page.marker("a", "3")
                + Page.marker("b", "4"), nil
        ),
        (
            "markers that step back",
            Page.version("c", "2") + Page.marker("b", "3") + Page.marker("a", "4"), .order
        ),
        (
            "rolled-up keys",
            good + "<CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes>", .incomplete
        ),
        ("an empty roll-up", good + "<CommonPrefixes/>", nil),
        ("a key of 1,024 bytes", Page.version(String(repeating: "k", count: 1024), "1"), nil),
        ("a key of 10,000 bytes", Page.version(String(repeating: "k", count: 10_000), "1"), .limit),
        (
            "elements nested 60 deep",
            String(repeating: "<d>", count: 60) + String(repeating: "</d>", count: 60), nil
        ),
        (
            "elements nested 64 deep",
            String(repeating: "<d>", count: 64) + String(repeating: "</d>", count: 64), .limit
        ),
        ("an undeclared entity", good.replacing(">a<", with: ">&k;<"), .malformed),
        ("a raw control character", good.replacing(">a<", with: ">\u{1}<"), .malformed),
        ("a bare ampersand", good.replacing(">a<", with: ">a&b<"), .malformed),
        ("two IsTruncated", good + "<IsTruncated>false</IsTruncated>", .field),
        ("an unknown encoding type", good + "<EncodingType>base64</EncodingType>", .field),
    ]

    @Test("each entry is taken or refuses the page", arguments: entries.indices)
    func entry(index: Int) {
        let (name, xml, code) = Self.entries[index]
        #expect(problem(Page(entries: [xml]).xml) == code, "\(name)")
    }

    /// Whole documents.
    static let documents: [(name: String, xml: String, code: ListingProblem.Code?)] = [
        ("nothing", "", .empty),
        ("white space", " \n ", .empty),
        ("white space before the declaration", " \n" + Page(entries: [good]).xml, nil),
        ("a byte order mark", "\u{FEFF}" + Page(entries: [good]).xml, nil),
        ("HTML", "<!DOCTYPE html><html><p>Sign in<br></html>", .malformed),
        ("well-formed HTML", "<html><body>Sign in</body></html>", .notAListing),
        ("text", "Service unavailable", .malformed),
        ("a listing of objects", "<ListBucketResult/>", .notAListing),
        ("an error", "<Error><Code>SlowDown</Code></Error>", .serverError),
        ("an empty listing", Page().xml, nil),
        ("no IsTruncated", "<ListVersionsResult><Name>bkt</Name></ListVersionsResult>", .field),
        ("no name", Page(name: nil, entries: [good]).xml, nil),
        ("another bucket", Page(name: "other", entries: [good]).xml, .otherBucket),
        ("a name that differs in case", Page(name: "BKT", entries: [good]).xml, .otherBucket),
        ("something after the end", Page().xml + "<x/>", .malformed),
        ("two pages at once", Page().xml + Page().xml, .malformed),
        (
            "a declared encoding that is not UTF-8",
            Page().xml.replacing("UTF-8", with: "ISO-8859-1"), .malformed
        ),
        (
            "an external entity",
            #"<!DOCTYPE x [<!ENTITY k SYSTEM "file:///etc/passwd">]>"# + "<ListVersionsResult/>",
            .malformed
        ),
    ]

    @Test("each document is taken or refused", arguments: documents.indices)
    func document(index: Int) {
        let (name, xml, code) = Self.documents[index]
        #expect(problem(xml) == code, "\(name)")
    }

    @Test("a page that is cut anywhere is refused")
    func cut() {
        let whole = Array(Page(entries: [Self.good, Page.marker("b", "2")]).xml.utf8)
        let parser = VersionPageParser(bucket: "bkt")
        for length in 0..<whole.count {
            #expect(throws: ListingProblem.self) { try parser.parse(whole[..<length]) }
        }
        #expect(throws: Never.self) { try parser.parse(whole) }
    }

    @Test("bytes that are not UTF-8 refuse the page, encoded or not")
    func utf8() {
        var raw = Array(Page(entries: [Page.version("KEY", "1")]).xml.utf8)
        raw.replace(Array("KEY".utf8), with: [0x61, 0xFF])
        #expect(problem(raw) == .malformed)
        for key in ["%FF", "%C3%28", "%ED%A0%80", "%F5%80%80%80", "%C0%AF", "%E2%82"] {
            let page = Page(isEncoded: true, entries: [Page.version(key, "1")])
            #expect(problem(page.xml) == .field, "\(key)")
        }
        let utf16 = Page().xml.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        #expect(problem([0xFF, 0xFE] + utf16) == .malformed)
        #expect(problem(utf16) != nil)
    }

    /// Keys as sent with `EncodingType` url, and the bytes that they stand for.
    static let keys: [(sent: String, key: [UInt8]?)] = [
        ("a+b", Array("a b".utf8)), ("a%20b", Array("a b".utf8)), ("a%2Bb", Array("a+b".utf8)),
        ("%25", Array("%".utf8)), ("%2525", Array("%25".utf8)), ("%c3%a9", [0xC3, 0xA9]),
        ("%F0%9F%92%BE", [0xF0, 0x9F, 0x92, 0xBE]), ("é", [0xC3, 0xA9]),
        ("%0D%0A%01%7F", [13, 10, 1, 127]), ("%00", [0]), ("%EF%BF%BF", [0xEF, 0xBF, 0xBF]),
        ("%", nil), ("%2", nil), ("a%zz", nil), ("%u00e9", nil), ("%2 5", nil),
    ]

    @Test("keys are decoded exactly once, wherever EncodingType stands", arguments: keys.indices)
    func decoding(index: Int) throws {
        let (sent, key) = Self.keys[index]
        let entries = [Page.version(sent, "1"), Page.version(sent, "2")]
        let before = Page(isEncoded: true, entries: entries).xml
        let after = Page(entries: entries + ["<EncodingType>url</EncodingType>"]).xml
        for xml in [before, after] {
            let parser = VersionPageParser(bucket: "bkt")
            guard let key else {
                #expect(throws: ListingProblem.self) { try parser.parse(xml.utf8) }
                continue
            }
            let page = try parser.parse(xml.utf8)
            #expect(page.entries.map { Array(page.key(of: $0)) } == [key, key])
            #expect(page.entries[0].key == page.entries[1].key)
        }
        let plain = try VersionPageParser().parse(Page(entries: entries).xml.utf8)
        #expect(Array(plain.key(of: plain.entries[0])) == Array(sent.utf8))
    }

    @Test("keys that are the same once decoded are one key")
    func sameAfterDecoding() throws {
        var page = Page(
            isEncoded: true,
            entries: [Page.version("a+b", "1"), Page.version("a%20b", "2")])
        let parsed = try VersionPageParser().parse(page.xml.utf8)
        #expect(parsed.entries[0].key == parsed.entries[1].key)
        page.entries[1] = Page.version("a%20b", "1")
        #expect(problem(page.xml) == .duplicate)
    }

    @Test("markers are merged into key order and keep the order of the answer within a key")
    func moto() throws {
        let page = try VersionPageParser().parse(
            Page(entries: [
                Page.version("a", "1"), Page.version("a", "2"), Page.version("c", "3"),
                Page.marker("a", "4"), Page.marker("b", "5"), Page.marker("d", "6"),
            ]).xml.utf8)
        let ids = page.entries.map { String(decoding: page.versionID(of: $0), as: UTF8.self) }
        #expect(ids == ["1", "2", "4", "5", "3", "6"])
        #expect(page.entries[0].key == page.entries[2].key)
    }

    @Test("every key must lie under the prefix, and the prefix may be repeated encoded or not")
    func prefix() throws {
        let inside = Page.version("d b/x", "1")
        let good = Page(prefix: "d b/", entries: [inside])
        #expect(problem(good.xml, prefix: "d b/") == nil)
        let encoded = Page(
            prefix: "d%20b/", isEncoded: true, entries: [Page.version("d+b/x", "1")])
        #expect(problem(encoded.xml, prefix: "d b/") == nil)
        let raw = Page(prefix: "d b/", isEncoded: true, entries: [Page.version("d+b/x", "1")])
        #expect(problem(raw.xml, prefix: "d b/") == nil)
        #expect(problem(Page(entries: [inside]).xml, prefix: "d b/") == nil)
        #expect(problem(Page(prefix: "x/", entries: []).xml, prefix: "d b/") == .outsidePrefix)
        let outside = Page(prefix: "d b/", entries: [inside, Page.version("e", "2")])
        #expect(problem(outside.xml, prefix: "d b/") == .outsidePrefix)
        let page = try VersionPageParser(prefix: Array("d b/".utf8)).parse(encoded.xml.utf8)
        #expect(page.prefix == Array("d b/".utf8))
    }

    @Test("a parser goes on after a page that it refused")
    func reuse() throws {
        let parser = VersionPageParser(bucket: "bkt")
        let good = Page(entries: [Self.good]).xml
        for bad in ["", "<html/>", "<ListVersionsResult><Version>", Page(name: "x").xml] {
            #expect(throws: ListingProblem.self) { try parser.parse(bad.utf8) }
            #expect(try parser.parse(good.utf8).entries.count == 1)
        }
    }

    @Test("an ETag loses its quotes and nothing else; a marker has none")
    func etag() throws {
        let page = try VersionPageParser().parse(
            Page(entries: [
                Page.version("a", "1"), Page.marker("a", "2"),
                Page.version("a", "3").replacing("&quot;", with: ""),
            ]).xml.utf8)
        let tags = page.entries.map { String(decoding: page.etag(of: $0), as: UTF8.self) }
        #expect(tags == ["0e1", "", "0e3"])
        #expect(page.entries.map(\.size) == [10, 0, 10])
    }
}
