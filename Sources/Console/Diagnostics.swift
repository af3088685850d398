import Glibc

/// Writes what a program has to say beside its result: errors, hints, warnings, on standard error.
///
/// Wording: lowercase, no final period, the cure in the hint.
public struct Diagnostics: Sendable {
    /// The program's name, the first word of every line.
    public let program: String
    /// Whether notes are left out.
    public var isQuiet: Bool
    /// Whether warnings and remarks are left out as well: nothing is said but errors.
    public var hidesWarnings: Bool

    /// Diagnostics of the program with this name.
    public init(program: String, isQuiet: Bool = false, hidesWarnings: Bool = false) {
        self.program = program
        self.isQuiet = isQuiet
        self.hidesWarnings = hidesWarnings
    }

    /// What went wrong and, where there is one, the cure.
    public func error(_ message: String, hint: String? = nil) {
        write("error", message)
        if let hint { write("hint", hint) }
    }

    /// Something that needs attention but does not end the run.
    public func warning(_ message: String, hint: String? = nil) {
        if hidesWarnings { return }
        write("warning", message)
        if let hint { write("hint", hint) }
    }

    /// Something worth knowing; silent with `--quiet`.
    public func note(_ message: String) {
        if !isQuiet { write("note", message) }
    }

    /// A question to whoever sits at the terminal; the answer follows on the same line.
    public func prompt(_ question: String) { emit("\(program): \(question)") }

    /// Lines that are already worded and warn.
    public func remark(_ text: String) { if !hidesWarnings { raw(text) } }

    /// Lines that are already worded, such as the problems of a policy file.
    public func raw(_ text: String) { emit(text.hasSuffix("\n") ? text : text + "\n") }

    private func write(_ kind: String, _ message: String) {
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
        emit("\(program): \(kind): " + lines.joined(separator: "\n    ") + "\n")
    }

    private func emit(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            if written > 0 {
                bytes.removeFirst(written)
            } else if errno != EINTR {
                return
            }
        }
    }
}
