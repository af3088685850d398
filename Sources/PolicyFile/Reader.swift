import Yams

/// Reads nodes as what a policy expects in their place and collects everything that is wrong.
///
/// A value that cannot be read is reported and nil; reading goes on, so that all problems of a
/// file come out at once.
final class Reader {
    let source: SourceText
    let document: Document
    private(set) var problems: [PolicyProblem] = []
    private(set) var warnings: [PolicyProblem] = []

    init(source: SourceText, document: Document) {
        self.source = source
        self.document = document
    }

    func report(_ place: Place, _ message: String, hint: String? = nil) {
        problems.append(source.problem(at: place, message, hint: hint))
    }

    func warn(_ place: Place, _ message: String, hint: String? = nil) {
        warnings.append(source.problem(.warning, at: place, message, hint: hint))
    }

    func place(of node: Node) -> Place {
        node.mark.map { Place(line: $0.line, column: $0.column) } ?? Place(line: 1, column: 1)
    }

    /// Whether a node is plain data; an anchor, an alias or a tag is reported.
    ///
    /// Yams fills in the tag of a key when it hashes it: on a key the standard one says no more
    /// than none.
    func isPlain(_ node: Node, isKey: Bool = false) -> Bool {
        let (anchor, tag, standard): (Anchor?, Tag, Tag.Name) =
            switch node {
            case .scalar(let scalar):
                (scalar.anchor, scalar.tag, isKey || scalar.style != .plain ? .str : .implicit)
            case .mapping(let mapping): (mapping.anchor, mapping.tag, isKey ? .map : .implicit)
            case .sequence(let sequence): (sequence.anchor, sequence.tag, isKey ? .seq : .implicit)
            case .alias(let alias): (alias.anchor, alias.tag, .implicit)
            }
        if anchor != nil {
            report(
                place(of: node), "anchors and aliases are not supported",
                hint: "write it out, or quote a text that begins with '&'")
            return false
        }
        let name = tag.rawValue
        guard name.isEmpty || name == standard.rawValue else {
            report(
                place(of: node), "tags are not supported",
                hint: "quote a text that begins with '!'")
            return false
        }
        return true
    }

    /// The values of a mapping by their keys; unknown and duplicate keys are reported.
    ///
    /// `context` names the mapping in messages: `'keep'`, `a rule`.
    func fields(of node: Node, _ context: Section) -> Fields? {
        guard isPlain(node) else { return nil }
        guard case .mapping(let mapping) = node else {
            report(
                place(of: node), "\(context.name) must be a mapping, not \(kind(of: node))",
                hint: context.example)
            return nil
        }
        var fields = Fields(place: place(of: node))
        for (keyNode, value) in mapping {
            guard isPlain(keyNode, isKey: true) else { continue }
            guard case .scalar(let scalar) = keyNode else {
                report(place(of: keyNode), "a key must be a word, not \(kind(of: keyNode))")
                continue
            }
            let key = document.key(scalar)
            if let first = fields.places[key] {
                report(
                    place(of: keyNode), "duplicate key \(Printable.quoted(key))",
                    hint: "it is first on line \(first.line)")
                continue
            }
            fields.places[key] = place(of: keyNode)
            guard context.keys.contains(key) else {
                report(
                    place(of: keyNode), "unknown key \(Printable.quoted(key)) in \(context.name)",
                    hint: context.hint(forKey: key))
                continue
            }
            fields.values[key] = value
        }
        return fields
    }

    /// The elements of a list.
    func elements(of node: Node, _ name: String, hint: String? = nil) -> [Node]? {
        guard isPlain(node) else { return nil }
        guard case .sequence(let sequence) = node else {
            report(place(of: node), "'\(name)' must be a list, not \(kind(of: node))", hint: hint)
            return nil
        }
        return Array(sequence)
    }

    /// A scalar that is no key, or nil if the node is something else or empty.
    func scalar(_ node: Node, _ name: String, _ expected: String, hint: String? = nil)
        -> Node.Scalar?
    {
        guard isPlain(node) else { return nil }
        guard case .scalar(let scalar) = node else {
            report(
                place(of: node), "'\(name)' must be \(expected), not \(kind(of: node))", hint: hint)
            return nil
        }
        if Plain(scalar) == .null {
            report(place(of: node), "'\(name)' has no value, expected \(expected)", hint: hint)
            return nil
        }
        return scalar
    }

    /// What a node is, in words.
    func kind(of node: Node) -> String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        case .scalar(let scalar):
            switch Plain(scalar) {
            case .null: "nothing"
            case .boolean, .number, .date: Printable.quoted(scalar.string)
            case .text: scalar.style == .plain ? Printable.quoted(scalar.string) : "a text"
            }
        }
    }
}

/// The values of a mapping.
struct Fields {
    var place: Place
    var values: [String: Node] = [:]
    /// The places of all keys, unknown ones too.
    var places: [String: Place] = [:]

    init(place: Place) { self.place = place }

    subscript(key: String) -> Node? { values[key] }
}

/// What YAML makes of a scalar that is not quoted.
///
/// The union of what YAML 1.1 and 1.2 do: a text that one of them takes for something else must be
/// quoted, so that every tool reads the same file in the same way.
enum Plain {
    case null
    case boolean
    case number
    case date
    case text

    init(_ scalar: Node.Scalar) {
        guard scalar.style == .plain else {
            self = .text
            return
        }
        let text = scalar.string
        switch text.lowercased() {
        case "", "~", "null": self = .null
        case "true", "false", "yes", "no", "on", "off", "y", "n": self = .boolean
        case ".inf", "-.inf", "+.inf", ".nan": self = .number
        default: self = Plain.number(text) ? .number : Plain.date(text) ? .date : .text
        }
    }

    private static func number(_ text: String) -> Bool {
        guard
            let first = text.utf8.first(where: {
                $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "+")
            }),
            first == UInt8(ascii: ".") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= first
        else { return false }
        let lowered = text.lowercased().filter { $0 != "_" }
        if lowered.contains("0x") || lowered.contains("0o") || lowered.contains("0b") {
            return Int(lowered.drop { "+-".contains($0) }.dropFirst(2), radix: 16) != nil
        }
        // 12:30:45 is a number to base 60 in YAML 1.1.
        return Double(lowered) != nil
            || lowered.allSatisfy { "0123456789:".contains($0) } && lowered.contains(":")
    }

    private static func date(_ text: String) -> Bool {
        let parts = text.prefix(10).split(separator: "-", omittingEmptySubsequences: false)
        let rest = text.dropFirst(10).first
        return parts.count == 3 && parts[0].count == 4
            && (rest == nil || rest == "T" || rest == "t" || rest == " ")
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { "0123456789".contains($0) } }
    }
}
