import Yams

/// What stopped the YAML parser, in this project's words where they say more than libyaml's.
struct YamlComplaint {
    private let error: any Error

    init(_ error: any Error) { self.error = error }

    func problem(in source: SourceText) -> PolicyProblem {
        switch error {
        case YamlError.scanner(let context, let text, let mark, _),
            YamlError.parser(let context, let text, let mark, _),
            YamlError.composer(let context, let text, let mark, _):
            return problem(in: source, text, context: context, mark: mark)
        case YamlError.reader(let text, _, _, _):
            return PolicyProblem(file: source.path, "not valid YAML: \(text)")
        default:
            return PolicyProblem(file: source.path, "not readable as YAML")
        }
    }

    private func problem(
        in source: SourceText, _ text: String, context: YamlError.Context?, mark: Mark
    ) -> PolicyProblem {
        let about = context?.text ?? ""
        var place = Place(line: mark.line, column: mark.column)
        if text.contains("found another document") {
            return source.problem(
                at: place, "a second document in the file", hint: "one policy a file")
        }
        if text.contains("Maximum nesting level") {
            return source.problem(at: place, "nested too deeply for a policy")
        }
        // Where something never ends, its start says more than the end of the file.
        if let start = context?.mark, !about.isEmpty, isEnd(place, of: source) {
            place = Place(line: start.line, column: start.column)
        }
        let hint = hint(text, about, line: source.lines, place: place)
        let message =
            about.isEmpty || about.hasPrefix("while scanning for the next token")
            ? "not valid YAML: \(text)" : "not valid YAML: \(text) \(about)"
        return source.problem(at: place, message, hint: hint)
    }

    private func isEnd(_ place: Place, of source: SourceText) -> Bool {
        source.lines.dropFirst(place.line - 1).joined().unicodeScalars.dropFirst(place.column - 1)
            .isEmpty
    }

    private func hint(
        _ text: String, _ about: String, line lines: [String], place: Place
    ) -> String? {
        let line = lines.indices.contains(place.line - 1) ? lines[place.line - 1] : ""
        let scalars = line.unicodeScalars
        let sign = scalars.dropFirst(place.column - 1).first
        if about.hasSuffix("an alias") || text.contains("undefined alias") {
            return "a glob that begins with '*' needs quotes: \"**\""
        }
        if about.contains("anchor") { return "quote a text that begins with '&'" }
        if text.contains("tab character") || sign == "\t" { return "indent with spaces" }
        if text.contains("unknown escape") {
            return "use single quotes for a backslash that escapes in a glob: '\\*'"
        }
        if text.contains("cannot start any token"), let sign {
            return "quote a text that begins with '\(sign)'"
        }
        if text.contains("mapping values are not allowed") {
            return "is the line indented like its neighbours, and a text with ': ' in quotes?"
        }
        if text.contains("expected ',' or") || text.contains("expected key")
            || text.contains("expected <document start>")
        {
            return "is every '{', '[' and quotation mark closed, every glob with '{' or '[' quoted?"
        }
        if text.contains("end of stream") { return "a quotation mark is never closed" }
        if text.contains("could not find expected ':'") { return "a key is followed by ': '" }
        return nil
    }
}
