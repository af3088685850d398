import Console
import Glibc
import Invocation
import S3

/// The operator's word that something may be deleted for ever.
enum Consent {
    /// Refuses early where nobody could be asked later.
    static func require(yes: Bool, to what: String) throws {
        if yes || isTerminal { return }
        throw Failure(
            .usage, "\(what) needs --yes where there is no terminal to ask on",
            hint: "look at the report of a dry run first")
    }

    /// Asks once; `question` ends with a question mark. A signal is no.
    static func isGiven(
        yes: Bool, to question: String, unless interruption: Interruption
    ) -> Bool {
        if yes { return true }
        guard isTerminal else { return false }
        let answer = self.answer(to: question + " [y/N] ", unless: interruption)
        return ["y", "yes"].contains(answer?.lowercased())
    }

    /// What is typed on the terminal as the answer to a question; nil where a signal comes first.
    static func answer(to question: String, unless interruption: Interruption) -> String? {
        diagnostics.prompt(question)
        var line: [UInt8] = []
        while true {
            var watched = [
                pollfd(fd: 0, events: Int16(POLLIN), revents: 0),
                pollfd(fd: interruption.stop.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&watched, 2, -1) < 0, errno == EINTR { continue }
            if watched[1].revents != 0 {
                diagnostics.raw("\n")
                return nil
            }
            var byte: UInt8 = 0
            let count = read(0, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n") else { break }
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Whether there is somebody to ask.
    static var isTerminal: Bool { isatty(0) == 1 && isatty(2) == 1 }
}
