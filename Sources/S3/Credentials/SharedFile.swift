/// One parsed `~/.aws/config` or `~/.aws/credentials`.
///
/// The grammar is that of the AWS SDKs: `[section]`, `name = value`, comments from `#` or `;` at
/// the start of a line or after white space, indented lines below a property without value as
/// properties of its own (`s3 =`), below others as further lines of the value. As the AWS command
/// line does, it lets a whole section be indented. Values stay bytes of the file, which is kept
/// as a secret; no error ever quotes a line.
struct SharedFile: Sendable {
    struct Property: Sendable {
        /// In lowercase.
        let name: String
        let line: Int
        /// Where the lines of the value stand in the file; none for an empty value.
        var value: [Range<Int>]
        var nested: [Property] = []
    }

    struct Section: Sendable {
        /// What stands between the brackets, white space reduced to single spaces.
        let title: String
        let line: Int
        var properties: [Property] = []
    }

    let path: String
    let bytes: Secret
    let sections: [Section]

    init(path: String, bytes: Secret) throws(ConfigurationError) {
        self.path = path
        self.bytes = bytes
        var parser = SharedFileParser(path: path)
        try bytes.withBytes { (bytes) throws(ConfigurationError) in try parser.parse(bytes) }
        sections = parser.sections
    }

    /// The value as text, its lines joined with line feeds.
    func text(_ property: Property) -> String {
        bytes.withBytes { bytes in
            property.value.map { String(decoding: bytes[$0], as: UTF8.self) }
                .joined(separator: "\n")
        }
    }

    /// The value as a secret, without a copy outside of it.
    func secret(_ property: Property) -> Secret {
        bytes.withBytes { bytes in
            if property.value.count == 1 { return Secret(bytes[property.value[0]]) }
            return Secret(
                property.value.map { Array(bytes[$0]) }.joined(separator: [10]).map(\.self))
        }
    }
}

/// Reads lines one by one.
struct SharedFileParser {
    let path: String
    private(set) var sections: [SharedFile.Section] = []
    /// How far the property that a continuation would belong to is indented.
    private var propertyIndent: Int?
    private var line = 0

    init(path: String) { self.path = path }

    mutating func parse(_ bytes: UnsafeRawBufferPointer) throws(ConfigurationError) {
        var rest = bytes[...]
        if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
        while !rest.isEmpty {
            line += 1
            let text = rest.prefix { $0 != UInt8(ascii: "\n") }
            try parse(line: text.last == UInt8(ascii: "\r") ? text.dropLast() : text)
            rest = rest[text.endIndex...].dropFirst()
        }
    }

    private mutating func parse(
        line text: Slice<UnsafeRawBufferPointer>
    ) throws(ConfigurationError) {
        let content = trim(text)
        guard let first = content.first, !isCommentMark(first) else { return }
        guard !content.contains(0) else { throw error("a NUL byte; this is not a text file") }
        let indent = content.startIndex - text.startIndex
        if let propertyIndent, indent > propertyIndent {
            try continueProperty(content)
        } else if first == UInt8(ascii: "[") {
            try beginSection(content)
        } else {
            let property = try property(content)
            guard !sections.isEmpty else { throw error("a property before the first [section]") }
            sections[sections.count - 1].properties.append(property)
            propertyIndent = indent
        }
    }

    private mutating func beginSection(
        _ content: Slice<UnsafeRawBufferPointer>
    ) throws(ConfigurationError) {
        guard let close = content.firstIndex(of: UInt8(ascii: "]")) else {
            throw error("a section without closing bracket")
        }
        let after = trim(content[(close + 1)...])
        guard after.first.map(isCommentMark) ?? true else {
            throw error("more text after the closing bracket")
        }
        let inside = content[(content.startIndex + 1)..<close]
        let words = inside.split { isBlank($0) }.map { String(decoding: $0, as: UTF8.self) }
        guard !words.isEmpty else { throw error("a section without name") }
        sections.append(.init(title: words.joined(separator: " "), line: line))
        propertyIndent = nil
    }

    private mutating func continueProperty(
        _ content: Slice<UnsafeRawBufferPointer>
    ) throws(ConfigurationError) {
        let section = sections.count - 1
        let last = sections[section].properties.count - 1
        if sections[section].properties[last].value.isEmpty {
            let nested = try property(content)
            sections[section].properties[last].nested.append(nested)
        } else {
            sections[section].properties[last].value.append(content.startIndex..<content.endIndex)
        }
    }

    private func property(
        _ content: Slice<UnsafeRawBufferPointer>
    ) throws(ConfigurationError) -> SharedFile.Property {
        guard let equals = content.firstIndex(of: UInt8(ascii: "=")) else {
            throw error("neither [section] nor name = value nor a comment")
        }
        let name = trim(content[..<equals])
        guard !name.isEmpty else { throw error("a value without name") }
        let value = trim(withoutComment(content[(equals + 1)...]))
        return SharedFile.Property(
            name: String(decoding: name, as: UTF8.self).lowercased(), line: line,
            value: value.isEmpty ? [] : [value.startIndex..<value.endIndex])
    }

    /// Up to the white space before the first `#` or `;` that has some.
    private func withoutComment(
        _ value: Slice<UnsafeRawBufferPointer>
    ) -> Slice<UnsafeRawBufferPointer> {
        for index in value.indices.dropFirst()
        where isCommentMark(value[index]) && isBlank(value[index - 1]) {
            return value[..<index]
        }
        return value
    }

    private func error(_ message: String) -> ConfigurationError {
        ConfigurationError(subject: "\(path):\(line)", message: message)
    }
}

private func isCommentMark(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";")
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
}

private func trim(_ text: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    let head = text.drop(while: isBlank)
    var end = head.endIndex
    while end > head.startIndex, isBlank(head[end - 1]) { end -= 1 }
    return head[..<end]
}
