/// Writes one JSON object a line, with its members in the order in which they are added.
///
/// Keys and ids are bytes that were checked to be UTF-8; anything else becomes U+FFFD, so that a
/// line is always valid JSON (RFC 8259).
public struct JSONLine {
    /// What was added so far, without the closing brace.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An object without members.
    public init() { bytes.reserveCapacity(512) }

    /// Ends the object and the line, and starts an empty one.
    public mutating func take() -> [UInt8] {
        bytes.append(contentsOf: "}\n".utf8)
        defer { self = JSONLine() }
        return bytes
    }

    /// Adds a text of UTF-8 bytes.
    public mutating func add(_ name: StaticString, _ text: some Collection<UInt8>) {
        begin(name)
        append(string: text)
    }

    /// Adds a text.
    public mutating func add(_ name: StaticString, _ text: String) { add(name, text.utf8) }

    /// Adds a text, or `null`.
    public mutating func add(_ name: StaticString, _ text: String?) {
        if let text { add(name, text.utf8) } else { addNull(name) }
    }

    /// Adds a whole number.
    public mutating func add(_ name: StaticString, _ number: Int) {
        begin(name)
        bytes.append(contentsOf: String(number).utf8)
    }

    /// Adds a length of time in seconds, with one decimal.
    public mutating func add(_ name: StaticString, seconds: Double) {
        begin(name)
        let tenths = Int((seconds * 10).rounded())
        bytes.append(contentsOf: "\(tenths / 10).\(abs(tenths % 10))".utf8)
    }

    /// Adds `true` or `false`.
    public mutating func add(_ name: StaticString, _ flag: Bool) {
        begin(name)
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    /// Adds `null`.
    public mutating func addNull(_ name: StaticString) {
        begin(name)
        bytes.append(contentsOf: "null".utf8)
    }

    /// Adds an array of objects, each made by `body`.
    public mutating func add<Element>(
        _ name: StaticString, _ elements: [Element],
        _ body: (inout JSONLine, Element) throws -> Void
    ) rethrows {
        begin(name)
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            var inner = JSONLine()
            try body(&inner, element)
            bytes.append(contentsOf: inner.bytes.isEmpty ? Array("{".utf8) : inner.bytes)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Adds an array of texts.
    public mutating func add(_ name: StaticString, strings: [String]) {
        begin(name)
        bytes.append(UInt8(ascii: "["))
        for (index, string) in strings.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(string: string.utf8)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Adds an object of texts, in their order.
    public mutating func add(_ name: StaticString, members: [(name: String, value: String)]) {
        begin(name)
        bytes.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(string: member.name.utf8)
            bytes.append(UInt8(ascii: ":"))
            append(string: member.value.utf8)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// A text as JSON writes it, in quotes.
    public static func quoted(_ text: some Collection<UInt8>) -> String {
        var line = JSONLine()
        line.append(string: text)
        return String(decoding: line.bytes, as: UTF8.self)
    }

    private mutating func begin(_ name: StaticString) {
        bytes.append(UInt8(ascii: needsComma ? "," : "{"))
        needsComma = true
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: "\":".utf8)
    }

    private mutating func append(string text: some Collection<UInt8>) {
        let plain = text.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }
        bytes.append(UInt8(ascii: "\""))
        if plain {
            bytes.append(contentsOf: text)
        } else {
            for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
                append(scalar)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": bytes.append(contentsOf: "\\\"".utf8)
        case "\\": bytes.append(contentsOf: "\\\\".utf8)
        case "\n": bytes.append(contentsOf: "\\n".utf8)
        case "\r": bytes.append(contentsOf: "\\r".utf8)
        case "\t": bytes.append(contentsOf: "\\t".utf8)
        case _ where Self.isUnsafe(scalar):
            for unit in UTF16.encode(scalar)! {
                let digits = String(unit, radix: 16)
                bytes.append(contentsOf: "\\u".utf8)
                bytes.append(contentsOf: String(repeating: "0", count: 4 - digits.count).utf8)
                bytes.append(contentsOf: digits.utf8)
            }
        default: bytes.append(contentsOf: UTF8.encode(scalar)!)
        }
    }

    /// Characters that a terminal would act upon are escaped although JSON allows them.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
