import Testing

@testable import Pruning

@Suite struct VersionsJSONTests {
    private static func version(
        _ key: String = "db/a", id: String = "v1", date: String = "2026-01-01T00:00:00+00:00",
        latest: Bool = true
    ) -> String {
        #"{"ETag":"\"e1\"","Size":10,"StorageClass":"STANDARD","Key":"\#(key)","VersionId":"\#(id)","#
            + #""IsLatest":\#(latest),"LastModified":"\#(date)","Owner":{"ID":"x"}}"#
    }

    private static func marker(_ id: String, date: String) -> String {
        #"{"Key":"db/a","VersionId":"\#(id)","IsLatest":false,"LastModified":"\#(date)"}"#
    }

    private func lines(
        _ texts: [String], prefix: String = "db/", piece: Int = .max
    ) throws -> [String] {
        let sorter = VersionSorter(ties: .listed)
        let listing = VersionsJSON(bucket: "b", prefix: Array(prefix.utf8), sorter: sorter)
        for text in texts { try listing.read(ListingFile(text, piece: piece)) }
        try listing.finish()
        return try sorter.finish().lines()
    }

    @Test(
        "versions and markers are merged by key and date, markers last in a tie",
        arguments: [1, 7, .max])
    func merged(piece: Int) throws {
        let text = """
            {"Versions": [\(Self.version("db/é \\u002b", id: "z")),
              \(Self.version(id: "v2", date: "2026-01-02T00:00:00.000Z")),
              \(Self.version(id: "null", latest: false))],
             "DeleteMarkers": [\(Self.marker("m1", date: "2026-01-01T00:00:00Z")),
              \(Self.marker("m2", date: "2026-01-01T12:00:00+00:00"))],
             "RequestCharged": null, "Prefix": "db/", "Unknown": [{"a": [1, null]}]}
            """
        #expect(
            try lines([text], piece: piece) == [
                "db/a v2 e1 2026-01-02T00:00:00Z 10 latest",
                "db/a m2  2026-01-01T12:00:00Z marker",
                "db/a null e1 2026-01-01T00:00:00Z 10",
                "db/a m1  2026-01-01T00:00:00Z marker",
                "db/é + z e1 2026-01-01T00:00:00Z 10 latest",
            ])
    }

    @Test("versions of one date keep the order in which they are listed")
    func ties() throws {
        let ids = ["q", "a", "z", "m"]
        let text = #"{"Versions":[\#(ids.map { Self.version(id: $0) }.joined(separator: ","))]}"#
        #expect(try lines([text]).map { $0.split(separator: " ")[1] } == ids.map { $0[...] })
    }

    private static func page(_ id: String, from: String = "", next: String? = nil) -> String {
        let marker = next.map {
            #","NextKeyMarker":"db/a","NextVersionIdMarker":"\#($0)""#
        }
        let start = from.isEmpty ? "" : "db/a"
        return
            #"{"IsTruncated":\#(next != nil),"KeyMarker":"\#(start)","VersionIdMarker":"\#(from)""#
            + (marker ?? "") + #","Name":"b","Versions":[\#(version(id: id))]}"#
    }

    @Test("pages follow one another, in one file or in several")
    func pages() throws {
        let pages = [
            Self.page("v1", next: "v1"), Self.page("v2", from: "v1", next: "v2"),
            Self.page("v3", from: "v2"),
        ]
        #expect(try lines(pages).count == 3)
        #expect(try lines([pages.joined(separator: "\n")]).count == 3)
    }

    @Test("the pages of --max-items follow one another by their tokens")
    func tokens() throws {
        let first = #"{"Versions":[\#(Self.version(id: "v1"))],"NextToken":"abc"}"#
        let last = #"{"Versions":[\#(Self.version(id: "v2"))]}"#
        #expect(try lines([first, last]).count == 2)
        #expect(throws: ListingError.self) { try lines([first]) }
    }

    @Test(
        "a bucket without versions is a listing",
        arguments: [#"{"RequestCharged": null}"#, #"{"Versions":[],"DeleteMarkers":null}"#])
    func empty(text: String) throws {
        #expect(try lines([text]).isEmpty)
    }

    /// Text, and what the error must say.
    static let refused: [(String, String)] = [
        (page("v1", next: "v1"), "truncated"),
        (page("v2", from: "v1"), "pages are missing"),
        (page("v1", next: "v1") + page("v3", from: "v2"), "a page begins after"),
        (page("v1") + page("v2"), "a page follows the last one"),
        (page("v1", next: "v1").replacing(#""NextKeyMarker":"db/a","#, with: ""), "NextKeyMarker"),
        (#"{"IsTruncated":false,"Name":"other"}"#, "bucket \"other\""),
        (#"{"IsTruncated":false,"Prefix":"etc/"}"#, "another prefix"),
        (#"{"Versions":[\#(version("etc/a"))]}"#, "outside the prefix"),
        (#"{"Versions":[\#(version())]"#, "the file is cut"),
        (String(#"{"Versions":[\#(version())]}"#.prefix(60)), "the file is cut"),
        (#"{"Versions":[\#(version())],"Versions":[]}"#, "second member"),
        (#"{"Versions":[\#(version().replacing("StorageClass", with: "Size"))]}"#, "second Size"),
        (#"{"Contents":[{"Key":"db/a"}]}"#, "current objects"),
        (#"{"Status":"Enabled"}"#, "not a listing of versions"),
        (#"{"CommonPrefixes":[{"Prefix":"db/x/"}],"Versions":[]}"#, "delimiter"),
        ("[\(version())]", "'{' is missing"),
        (#"{"Versions":[\#(version(date: "2026-01-01"))]}"#, "is not a date"),
        (#"{"Versions":[\#(version(date: "2026-02-30T00:00:00Z"))]}"#, "is not a date"),
        (#"{"Versions":[\#(version(id: ""))]}"#, "an empty version id"),
        (#"{"Versions":[\#(version(id: "a b"))]}"#, "white space"),
        (#"{"Versions":[\#(version(""))]}"#, "an empty key"),
        (#"{"Versions":[\#(version().replacing("10,", with: "-1,"))]}"#, "not a size"),
        (#"{"Versions":[\#(version().replacing("10,", with: "1.5,"))]}"#, "not a size"),
        (#"{"Versions":[\#(version().replacing("10,", with: "\"10\","))]}"#, "not a size"),
        (#"{"Versions":[\#(version().replacing(#""Size":10,"#, with: ""))]}"#, "no Size"),
        (#"{"Versions":[\#(version().replacing("\"IsLatest\":true,", with: ""))]}"#, "no IsLatest"),
        (#"{"Versions":[\#(version().replacing("true", with: "1"))]}"#, "neither true nor false"),
        (#"{"Versions":[\#(version().replacing("\"v1\"", with: "null"))]}"#, "not a string"),
        (#"{"Versions":[{}]}"#, "no Key"), (#"{"Versions":{}}"#, "'[' is missing"),
        (#"{"Versions":[]} trailing"#, "'{' is missing"), ("", "no listing"),
    ]

    @Test("what cannot be trusted is refused, and where", arguments: refused)
    func refuses(text: String, word: String) {
        let error = #expect(throws: ListingError.self) { try lines([text]) }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        #expect(error?.place != nil)
    }

    @Test("an error names the byte and the member")
    func place() {
        let text = #"{"Versions":[\#(Self.version()),\#(Self.version(date: "x"))]}"#
        let byte = text.utf8.count - #","Owner":{"ID":"x"}}]}"#.utf8.count + 1
        let error = #expect(throws: ListingError.self) { try lines([text]) }
        #expect(error?.place == "listing, byte \(byte), Versions[1].LastModified")
        #expect(error?.hint?.contains("aws s3api list-object-versions") == true)
    }
}
