import Testing

@testable import Pruning

@Suite struct CSVRowsTests {
    private func rows(_ text: String, piece: Int) throws -> [[String]] {
        let rows = CSVRows(ListingText(ListingFile(text, piece: piece)))
        var all: [[String]] = []
        while try rows.next() {
            all.append((0..<rows.count).map { String(decoding: rows[$0], as: UTF8.self) })
        }
        return all
    }

    static let tables: [(String, [[String]])] = [
        ("", []), ("a\n", [["a"]]), ("\n", [[""]]), (",\n", [["", ""]]),
        ("a,b,c\nd,e,f\n", [["a", "b", "c"], ["d", "e", "f"]]),
        ("a,b\r\n\"c\"\r\n", [["a", "b"], ["c"]]),
        ("\"a\",\"b,c\",\"\"\n", [["a", "b,c", ""]]), ("\"a\"\"b\",\"\"\"\"\n", [["a\"b", "\""]]),
        ("\"a\nb\",c\nd,e\n", [["a\nb", "c"], ["d", "e"]]), (" a , b\n", [[" a ", " b"]]),
        ("\"é\",😀\n", [["é", "😀"]]),
    ]

    @Test("rows are what RFC 4180 says, in whatever pieces they come", arguments: tables)
    func reads(text: String, expected: [[String]]) throws {
        for piece in [1, 2, 3, 5, .max] { #expect(try rows(text, piece: piece) == expected) }
    }

    static let refused: [(String, line: Int)] = [
        ("a", 1), ("a\nb", 2), ("\"a", 1), ("\"a\"", 1), ("\"a\"b\n", 1), ("a\"b\n", 1),
        ("\"a\" ,b\n", 1), ("a\rb\n", 1), ("\"a\nb\"\n\"c\"d\n", 3), ("a\n\"b\n\n\n", 2),
    ]

    @Test(
        "a stray quote, and a row without its end, are refused with their line", arguments: refused)
    func refuses(text: String, line: Int) {
        for piece in [1, 4, .max] {
            let problem = #expect(throws: CSVProblem.self) { try rows(text, piece: piece) }
            #expect(problem?.line == line)
        }
    }

    @Test("a row that fills the buffer is refused, and rows of any length below it are read")
    func lengths() throws {
        let lengths = [10, 70_000, 200_000, 3, 250_000, 262_100]
        let text = lengths.map { String(repeating: "x", count: $0) + "\n" }.joined()
        for piece in [100_000, .max] {
            #expect(try rows(text, piece: piece).map { $0[0].utf8.count } == lengths)
        }
        let tooLong = "a\n\"" + String(repeating: "x", count: 300_000) + "\"\n"
        let problem = #expect(throws: CSVProblem.self) { try rows(tooLong, piece: .max) }
        #expect(problem?.message == "a row is too long")
    }
}
