import Console
import Foundation
import Testing

@testable import Pruning

/// Reads a table by the grammar of RFC 4180; nil where it does not fit.
private func records(_ bytes: [UInt8], separator: Character = ",") -> [[String]]? {
    var records: [[String]] = []
    for line in String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n").dropLast() {
        var fields: [String] = []
        var rest = Substring(line)
        repeat {
            if !fields.isEmpty { rest.removeFirst() }
            var field = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let end = rest.firstIndex(of: "\"") {
                    field += rest[..<end]
                    rest = rest[end...].dropFirst()
                    guard rest.first == "\"" else { break }
                    field += "\""
                    rest.removeFirst()
                }
            } else {
                let end = rest.firstIndex(of: separator) ?? rest.endIndex
                field = String(rest[..<end])
                if field.contains("\"") { return nil }
                rest = rest[end...]
            }
            fields.append(field)
            if !rest.isEmpty, rest.first != separator { return nil }
        } while !rest.isEmpty
        records.append(fields)
    }
    return records
}

/// What the reference says to do to get a text back.
private func restored(_ cell: String) -> [UInt8] {
    var result: [UInt8] = []
    var rest = Array((cell.hasPrefix("'") ? cell.dropFirst() : cell[...]).utf8)[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "\\") else {
            result.append(byte)
            continue
        }
        switch rest.popFirst() {
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "\\"): result.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "x"):
            let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)!
            result += Array(String(UnicodeScalar(value)).utf8)
            rest = rest.dropFirst(2)
        default:
            let end = rest.firstIndex(of: UInt8(ascii: "}"))!
            let digits = String(decoding: rest[..<end].dropFirst(), as: UTF8.self)
            result += Array(String(UnicodeScalar(UInt32(digits, radix: 16)!)!).utf8)
            rest = rest[end...].dropFirst()
        }
    }
    return result
}

@Suite struct CSVReportTests {
    private func table(_ sample: Sample) throws -> [[String]] {
        let bytes = try sample.report { CSVReport(output: $0) }
        return try #require(records(bytes), "\(String(decoding: bytes, as: UTF8.self))")
    }

    @Test("a version is a record with its reasons, and every record has the same fields")
    func versions() throws {
        var sample = Sample()
        sample.add("a", nights: 3)
        let table = try table(sample)
        #expect(table.allSatisfy { $0.count == CSVReport.fields.count })
        #expect(table.map { $0[0] } == ["type", "version", "version", "version", "summary"])
        #expect(
            table[1] == [
                "version", "bucket", "a", "v-0", "2026-06-29T12:00:00Z", "1000", "e", "true",
                "false", "**", "keep", "current; min-versions; daily 2026-06-29",
                "2026-07-01T00:00:00Z", "", "", "",
            ])
        #expect(table[3][10] == "delete")
        #expect(table[3][11] == "daily 2026-06-27 full 2")
        #expect(table[3][12].isEmpty)
        #expect(table[4][14].hasPrefix("3 versions of 1 keys: keep 2, delete 1 (1000 B), hold 0;"))
    }

    @Test("problems stand behind the versions, with what to do about them")
    func problems() throws {
        var sample = Sample(policy: "keep: { daily: 1 }\nhealth: { shrink-limit: 50% }\n")
        sample.add("a", nights: 3, sizes: [1, 1000])
        sample.add("b", nights: 1)
        let table = try table(sample)
        #expect(table.map { $0[0] }.suffix(3) == ["version", "problem", "summary"])
        let problem = table[table.count - 2]
        #expect(problem[2] == "a")
        #expect(problem[13] == "shrunk")
        #expect(!problem[14].isEmpty && !problem[15].isEmpty)
    }

    static let hostile = [
        "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'quoted",
        "a;=1", "a, \"=1\"", "x;;@y", "\u{FF1D}1", "a;\u{FF1D}1", "\u{1B}[2J", "two\nlines",
        "a\"b\"c", "back\\slash\\x41", "\u{202E}gpg", "é日", ",,,", " lead", "\u{85}", "null\u{0}",
    ].sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }

    @Test("a hostile key is one harmless cell, and comes back byte for byte")
    func hostileKeys() throws {
        var sample = Sample()
        for key in Self.hostile { sample.add(key, nights: 3) }
        let rows = try table(sample).filter { $0[0] == "version" }
        #expect(rows.count == 3 * Self.hostile.count)
        for (row, key) in zip(stride(from: 0, to: rows.count, by: 3).map { rows[$0] }, Self.hostile)
        {
            #expect(restored(row[2]) == Array(key.utf8), "\(row[2])")
            let obeyed = row[2].unicodeScalars.filter { $0.value < 0x20 || $0.value == 0x7F }
            #expect(obeyed.isEmpty)
        }
    }

    @Test(
        "no cell begins a formula, at whatever sign a spreadsheet splits the line",
        arguments: [",", ";", "\t", "|"] as [Character])
    func formulas(separator: Character) throws {
        var sample = Sample()
        for key in Self.hostile { sample.add(key, id: "-id", nights: 3) }
        let bytes = try sample.report { CSVReport(output: $0) }
        for line in String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n") {
            for cell in line.split(separator: separator) {
                let bare = cell.drop { $0 == "\"" || $0 == " " }
                #expect(!"=+-@\t\r\u{FF1D}".contains(bare.first ?? "x"), "\(line)")
            }
        }
    }
}
