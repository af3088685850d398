import Console
import Testing

@testable import Pruning

@Suite struct WrappingTests {
    @Test("no line is wider than eighty columns and no character is lost")
    func bounds() {
        let texts = [
            "short",
            String(repeating: "word ", count: 60),
            "    indented " + String(repeating: "x", count: 300),
            "日本語" + String(repeating: "日", count: 100),
            "  key " + String(repeating: "a/b", count: 90) + ": 3 versions",
        ]
        for text in texts {
            let lines = wrappedLines(text, indent: 6)
            #expect(lines.allSatisfy { PrintableText.width($0) <= 80 })
            let joined = lines.joined().filter { $0 != " " }
            #expect(joined == text.filter { $0 != " " })
        }
    }

    @Test(
        "words are quoted so that a shell reads them back",
        arguments: [
            ("plain/path.yaml", "plain/path.yaml"), ("a b", "'a b'"), ("it's", "'it'\\''s'"),
            ("", "''"), ("$HOME", "'$HOME'"),
        ])
    func quoting(word: String, expected: String) {
        #expect(CommandText.quoted(word) == expected)
    }
}

@Suite struct JSONLineTests {
    @Test("a line is valid JSON whatever the bytes are")
    func escapes() {
        var line = JSONLine()
        line.add("text", "a\"b\\c\n\u{1b}[31m\u{202e}é💾")
        line.add("broken", [0x61, 0xff] as [UInt8])
        line.add("number", -3)
        line.add("flag", true)
        line.addNull("none")
        line.add("list", [1, 2]) { $0.add("n", $1) }
        line.add("empty", [Int]()) { $0.add("n", $1) }
        #expect(
            String(decoding: line.take(), as: UTF8.self)
                == #"{"text":"a\"b\\c\n\u001b[31m\u202eé💾","broken":"a�","number":-3,"#
                + #""flag":true,"none":null,"list":[{"n":1},{"n":2}],"empty":[]}"# + "\n")
    }
}
