import CivilTime
import Testing

@testable import Pruning

@Suite struct InventoryRowsTests {
    private static let schema = """
        Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, \
        StorageClass, ObjectLockRetainUntilDate, ObjectLockMode, ObjectLockLegalHoldStatus
        """
    private static let now = Timestamp(rfc3339: "2026-11-23T03:00:00Z")!

    /// A row in which some fields differ, by the number of their column.
    private static func row(_ changes: [Int: String] = [:]) -> String {
        var fields = [
            "b", "db/a", "v1", "true", "false", "10", "2026-01-01T00:00:00.000Z", "e1",
            "STANDARD", "", "", "",
        ]
        for (column, text) in changes { fields[column] = text }
        return fields.map { "\"\($0)\"" }.joined(separator: ",") + "\n"
    }

    private func lines(_ text: String, schema: String = schema) throws -> [String] {
        let sorter = VersionSorter(ties: .unlisted)
        let rows = InventoryRows(
            columns: try InventoryColumns(schema: schema, place: "manifest.json"), bucket: "b",
            prefix: Array("db/".utf8), now: Self.now, sorter: sorter)
        try rows.read(ListingFile(text))
        return try sorter.finish().lines()
    }

    @Test("rows become versions in key order, newest first")
    func sorted() throws {
        let rows = [
            Self.row([1: "db/b"]),
            Self.row([2: "v0", 3: "false", 6: "2025-01-01T00:00:00.000Z", 7: ""]),
            Self.row([2: "m", 3: "false", 4: "true", 5: "", 6: "2025-06-01T00:00:00Z", 7: ""]),
            Self.row([2: "", 3: "false", 6: "2024-01-01T00:00:00.000Z"]), Self.row(),
        ]
        #expect(
            try lines(rows.joined()) == [
                "db/a v1 e1 2026-01-01T00:00:00Z 10 latest", "db/a m  2025-06-01T00:00:00Z marker",
                "db/a v0  2025-01-01T00:00:00Z 10", "db/a null e1 2024-01-01T00:00:00Z 10",
                "db/b v1 e1 2026-01-01T00:00:00Z 10 latest",
            ])
    }

    @Test(
        "keys are URL-decoded",
        arguments: [
            ("db/a+b", "db/a b"), ("db/a%20b", "db/a b"), ("db/a%2Bb", "db/a+b"),
            ("db/%C3%A9", "db/é"), ("db/100%25", "db/100%"), ("db/%22", "db/\""),
        ])
    func keys(encoded: String, decoded: String) throws {
        let lines = try lines(Self.row([1: encoded]))
        #expect(lines[0].hasPrefix("\(decoded) v1 "))
    }

    @Test(
        "a lock counts while it lasts, and a legal hold before a retention",
        arguments: [
            ([:], ""), ([11: "Off"], ""), ([11: "On"], " legalHold"), ([11: "ON"], " legalHold"),
            ([9: "2026-11-23T03:00:01.000Z", 10: "GOVERNANCE"], " retention"),
            ([9: "2026-11-23T03:00:00.000Z", 10: "COMPLIANCE"], ""),
            ([9: "2030-01-01T00:00:00.000Z", 10: "COMPLIANCE", 11: "Off"], " retention"),
            ([9: "2030-01-01T00:00:00.000Z"], " retention"), ([10: "COMPLIANCE"], " retention"),
            ([9: "2030-01-01T00:00:00.000Z", 10: "COMPLIANCE", 11: "On"], " legalHold"),
            ([9: "2020-01-01T00:00:00.000Z", 10: "COMPLIANCE", 11: "On"], " legalHold"),
        ] as [([Int: String], String)])
    func locks(changes: [Int: String], word: String) throws {
        let lines = try lines(Self.row(changes))
        #expect(lines[0].hasSuffix("10 latest" + word))
    }

    @Test("columns that are not there are not missed")
    func fewColumns() throws {
        let text = "db/a,v1,true,false,10,2026-01-01T00:00:00.000Z\n"
        let schema = "Key,VersionId,IsLatest,IsDeleteMarker,Size,LastModifiedDate"
        #expect(
            try lines(text, schema: schema) == ["db/a v1  2026-01-01T00:00:00Z 10 latest"])
    }

    static let refused: [(String, String)] = [
        (row([0: "other"]), "of bucket \"other\""), (row([1: "etc/a"]), "outside the prefix"),
        (row([1: ""]), "an empty key"), (row([1: "db/%"]), "not URL-encoded"),
        (row([1: "db/%FF"]), "not URL-encoded"), (row([2: "a b"]), "white space"),
        (row([3: "True"]), "IsLatest"), (row([3: ""]), "IsLatest"),
        (row([4: ""]), "IsDeleteMarker"),
        (row([5: ""]), "not a size"), (row([5: "-1"]), "not a size"),
        (row([5: "1e3"]), "not a size"),
        (row([5: "99999999999999999999"]), "not a size"), (row([6: "yesterday"]), "is not a date"),
        (row([6: ""]), "is not a date"), (row([9: "soon"]), "is not a date"),
        (row([10: "FOREVER"]), "not known"), (row([11: "maybe"]), "not known"),
        (row() + "\"b\",\"db/a\"\n", "2 columns, where the manifest names 12"),
        (String(row().dropLast()) + ",\"\"\n", "13 columns"), ("\n", "1 columns"),
        (String(row().dropLast(5)), "the file is cut"),
    ]

    @Test("a row that cannot be trusted is refused with its line", arguments: refused)
    func refuses(text: String, word: String) {
        let error = #expect(throws: ListingError.self) { try lines(Self.row([2: "v9"]) + text) }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        let line = word.hasPrefix("2 columns") ? 3 : 2
        #expect(error?.place == "listing, line \(line)")
    }
}
