import Testing

@testable import Console

@Suite struct PrintableTextTests {
    @Test(
        "what could control a terminal is written as an escape",
        arguments: [
            ("plain key", "plain key"),
            ("\u{1b}[31mred", "\\x1b[31mred"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("back\\slash", "back\\\\slash"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("\u{9b}31m", "\\x9b31m"),
            ("no\u{a0}break", "no\\u{00a0}break"),
            ("é 💾 日本", "é 💾 日本"),
        ])
    func escapes(text: String, expected: String) {
        #expect(PrintableText.escape(text) == expected)
    }

    @Test("bytes that are not UTF-8 are shown by number")
    func invalidBytes() {
        #expect(
            PrintableText.escape([0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82]) == "a\\xff\\xc3(\\xe2\\x82")
    }

    @Test("wide characters take two columns, combining marks none")
    func widths() {
        #expect(PrintableText.width("abc") == 3)
        #expect(PrintableText.width("日本") == 4)
        #expect(PrintableText.width("e\u{301}") == 1)
    }
}

@Suite struct QuantityTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000"),
    ])
    func grouped(value: Int, text: String) { #expect(Quantity.grouped(value) == text) }

    @Test(arguments: [
        (Int64(0), "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1_099_511_627_776, "1.0 TiB"),
        (.max, "7.9 EiB"),
    ])
    func bytes(value: Int64, text: String) { #expect(Quantity.bytes(value) == text) }
}

@Suite struct ExitCodeTests {
    @Test("where several codes apply 5 comes before 4, signals, 3, 6, 2 and 0")
    func precedence() {
        let order: [ExitCode] = [
            .unknown, .partial, .interrupted, .terminated, .refused, .problems, .pending, .done,
        ]
        for (i, first) in order.enumerated() {
            for second in order[i...] {
                #expect(first.merged(with: second) == first)
                #expect(second.merged(with: first) == first)
            }
        }
    }
}
