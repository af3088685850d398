import Yams

/// The YAML of a policy file as a tree of nodes that know their places.
struct Document {
    let root: Node
    /// Yams holds anchors weakly: they are there only while the parser is.
    private let parser: Parser
    /// Keys that had to be renamed to get past Yams, by their place: the true first letter.
    private let renamed: [Place: Unicode.Scalar]

    /// How many keys of a file may be duplicates before the search for more is given up.
    private static let mostDuplicates = 20
    /// How many aliases a file may have before it is refused unread.
    private static let mostAliases = 8

    /// Parses the text.
    ///
    /// What stops the parser (bad YAML, more than one document, nothing at all) is one problem.
    static func parse(_ source: SourceText) throws(PolicyProblem) -> Document {
        if let place = aliases(in: source.lines) {
            throw source.problem(at: place, "aliases are not supported", hint: "write it out")
        }
        var lines = source.lines
        var renamed: [Place: Unicode.Scalar] = [:]
        while true {
            do {
                let text = renamed.isEmpty ? source.text : lines.joined(separator: "\n")
                let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot() else {
                    throw PolicyProblem(
                        file: source.path, "the file holds no policy",
                        hint: "'s3prune policy init' prints one to start from")
                }
                return Document(root: root, parser: parser, renamed: renamed)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let place = Place(line: context.mark.line, column: context.mark.column)
                guard renamed.count < mostDuplicates,
                    let (at, letter) = Self.rename(keyAt: place, number: renamed.count, in: &lines),
                    renamed.updateValue(letter, forKey: at) == nil
                else {
                    let key = Printable.quoted(keys.min() ?? "")
                    throw source.problem(at: place, "duplicate key \(key)")
                }
            } catch let problem as PolicyProblem {
                throw problem
            } catch {
                throw YamlComplaint(error).problem(in: source)
            }
        }
    }

    /// The text of a scalar that is a key.
    func key(_ scalar: Node.Scalar) -> String {
        guard let mark = scalar.mark,
            let letter = renamed[Place(line: mark.line, column: mark.column)]
        else { return scalar.string }
        return String(letter) + String(scalar.string.unicodeScalars.dropFirst())
    }

    /// Gives the key at a place a first letter that no other key has.
    ///
    /// Yams stops at the first mapping with a duplicate key. Renamed, the file can be read on, so
    /// that this problem is reported together with all others.
    private static func rename(
        keyAt place: Place, number: Int, in lines: inout [String]
    ) -> (Place, Unicode.Scalar)? {
        guard lines.indices.contains(place.line - 1) else { return nil }
        var scalars = Array(lines[place.line - 1].unicodeScalars)
        var column = place.column - 1
        guard scalars.indices.contains(column) else { return nil }
        if scalars[column] == "'" || scalars[column] == "\"" { column += 1 }
        guard scalars.indices.contains(column), scalars[column].properties.isAlphabetic,
            let replacement = Unicode.Scalar(0xE000 + UInt32(number))
        else { return nil }
        let letter = scalars[column]
        scalars[column] = replacement
        var line = String.UnicodeScalarView()
        line.append(contentsOf: scalars)
        lines[place.line - 1] = String(line)
        return (place, letter)
    }

    /// Where a file full of aliases has the first one.
    ///
    /// An alias is refused with its place when the tree is read. But Yams hashes keys, and a key
    /// made of nested aliases takes for ever to hash: with many of them the tree is not even built.
    private static func aliases(in lines: [String]) -> Place? {
        var anchors: Set<String> = []
        var first: Place?
        var count = 0
        for (number, line) in lines.enumerated() {
            let scalars = Array(line.unicodeScalars)
            for (column, sign) in scalars.enumerated() where sign == "&" || sign == "*" {
                var name = ""
                name.unicodeScalars.append(
                    contentsOf: scalars[(column + 1)...].prefix { isNamePart($0) })
                if sign == "&" {
                    anchors.insert(name)
                } else if !name.isEmpty, anchors.contains(name) {
                    count += 1
                    first = first ?? Place(line: number + 1, column: column + 1)
                }
            }
        }
        return count < mostAliases ? nil : first
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
    }
}
