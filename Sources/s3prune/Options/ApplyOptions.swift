import ArgumentParser
import Invocation

/// How deletions are carried out.
struct ApplyOptions: ParsableArguments {
    @Flag(help: "Do not ask before deleting; needed where there is no terminal.")
    var yes = false

    @OptionGroup var sending: SendingOptions

    /// The most requests in flight.
    var concurrency: Int { sending.concurrency }

    /// Refuses early where nobody could be asked later.
    func requireConsent() throws { try Consent.require(yes: yes, to: "deleting") }

    /// Asks once, unless a signal comes first; `question` ends with a question mark.
    func consents(to question: String, unless interruption: Interruption) -> Bool {
        Consent.isGiven(yes: yes, to: question, unless: interruption)
    }
}

/// How requests that delete are sent.
struct SendingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The most requests to delete in flight, 1 to 64.",
            discussion: "Fewer are sent while the server asks to slow down.", valueName: "n"))
    var concurrency = 4

    func validate() throws {
        guard (1...64).contains(concurrency) else {
            throw ValidationError("--concurrency is a number from 1 to 64")
        }
    }
}

/// How much is said beside a report.
struct QuietOption: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say nothing but errors and the report.")
    var quiet = false

    /// Lets it silence what is said; before anything else.
    func begin() { if quiet { beQuiet() } }
}
