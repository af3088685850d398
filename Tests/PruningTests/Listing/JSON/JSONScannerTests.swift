import Testing

@testable import Pruning

@Suite struct JSONScannerTests {
    private func scanner(_ bytes: some Sequence<UInt8>, piece: Int) -> JSONScanner {
        JSONScanner(
            ListingText(ListingFile(name: "t", input: Piecewise(bytes, piece: piece))))
    }

    /// Reads one value of any kind up to the end of the text.
    private func accepts(_ text: some Sequence<UInt8>, piece: Int) throws -> Bool {
        let scanner = scanner(text, piece: piece)
        do {
            try scanner.skip()
            return try scanner.peek() == nil
        } catch is JSONProblem {
            return false
        }
    }

    static let valid = [
        "{}", "[]", " [ 1 , -0 , 0.5 , 12e+3, 1E-2 ] ", "\"\"", "true", "null", "0",
        #"{"a":{"b":[{"c":"d"}]},"e":false}"#, #""\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\""#,
        "\"é😀\"", "[\r\n\t1]",
        String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
    ]

    @Test("what RFC 8259 allows is read, in whatever pieces it comes", arguments: valid)
    func reads(text: String) throws {
        for piece in [1, 2, 3, 7, .max] { #expect(try accepts(text.utf8, piece: piece)) }
    }

    static let invalid = [
        "", "{", "[1,]", "{\"a\":1,}", "[1 2]", "{\"a\" 1}", "{a:1}", "{1:2}", "01", "-", "1.",
        ".5",
        "1e", "+1", "tru", "True", "nul", "NaN", "'a'", "\"a", "\"\u{1}\"", "\"\n\"", #""\x""#,
        #""\u12""#, #""\u12g4""#, #""\ud83d""#, #""\ud83dx""#, #""\ud83d\u0041""#, #""\ude00""#,
        "[1]]", "{} {}", "[,1]", "{,}", "// x\n1", "\u{FEFF}1",
        String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
    ]

    @Test("anything else is refused", arguments: invalid)
    func refuses(text: String) throws {
        for piece in [1, 3, .max] { #expect(try !accepts(text.utf8, piece: piece)) }
    }

    @Test("a string has at most 64 KiB", arguments: [1000, 60_000, .max])
    func longString(piece: Int) throws {
        let text = "\"" + String(repeating: "a", count: 65_535) + "\""
        #expect(try accepts(text.utf8, piece: piece))
        #expect(try !accepts(("\"a" + text.dropFirst()).utf8, piece: piece))
        #expect(
            try !accepts(String(repeating: String(text.dropLast()), count: 5).utf8, piece: piece))
    }

    @Test(
        "a string that is not UTF-8 is refused",
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80],
        ])
    func utf8(bytes: [UInt8]) throws {
        #expect(try !accepts([0x22] + bytes + [0x22], piece: .max))
    }

    @Test(
        "a string is decoded, also where a buffer ends in an escape",
        arguments: [1, 2, 3, 5, .max])
    func strings(piece: Int) throws {
        let scanner = scanner(
            #"["a\"b\\", "\u00e9\uD83D\ude00z", "\u0000", "plain"]"#.utf8, piece: piece)
        try scanner.open(UInt8(ascii: "["))
        for (index, wanted) in ["a\"b\\", "é😀z", "\0", "plain"].enumerated() {
            #expect(try scanner.next(isFirst: index == 0, closing: UInt8(ascii: "]")))
            #expect(String(decoding: try scanner.string(), as: UTF8.self) == wanted)
        }
        #expect(try !scanner.next(isFirst: false, closing: UInt8(ascii: "]")))
    }

    @Test("a name outlives white space before its colon", arguments: [1, 4, .max])
    func names(piece: Int) throws {
        let scanner = scanner("{\"name\"  \n : 1}".utf8, piece: piece)
        try scanner.open(UInt8(ascii: "{"))
        #expect(try scanner.next(isFirst: true, closing: UInt8(ascii: "}")))
        #expect(String(decoding: try scanner.name(), as: UTF8.self) == "name")
        #expect(try scanner.size() == 1)
    }

    @Test("strings of every length around the buffer's end are read whole")
    func boundary() throws {
        let strings = (0..<40).map { String(repeating: "x", count: 6000 + $0) + "\\n" }
        let text = "[" + strings.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        let scanner = scanner((text + text + text).utf8, piece: .max)
        for _ in 0..<3 {
            try scanner.open(UInt8(ascii: "["))
            for (index, string) in strings.enumerated() {
                #expect(try scanner.next(isFirst: index == 0, closing: UInt8(ascii: "]")))
                #expect(try scanner.string().count == string.utf8.count - 1)
            }
            #expect(try !scanner.next(isFirst: false, closing: UInt8(ascii: "]")))
        }
    }
}
