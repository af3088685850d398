import ArgumentParser
import CivilTime
import Console
import FoundationEssentials
import PolicyFile
import Pruning
import S3

/// How an error is worded and with which code the program ends.
struct Failure: Error {
    var message: String
    var hint: String?
    var code: Console.ExitCode

    init(_ code: Console.ExitCode, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Words any error that a command throws.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as S3Error: self.init(error)
        case let error as ConfigurationError:
            self.init(
                error.concernsCredentials ? .permission : .configuration, "\(error)",
                hint: error.hint)
        case let error as ListingProblem:
            self.init(
                .failed, "listing: \(PrintableText.escape("\(error)"))",
                hint: "nothing was decided: a listing that cannot be trusted ends the run")
        case let error as ListingError: self.init(.failed, "\(error)", hint: error.hint)
        case let error as WriteError:
            self.init(.failed, "cannot write \(PrintableText.escape(error.path)): \(error.reason)")
        case let error as SpillError: self.init(.failed, "\(error)")
        default: self.init(usage: error)
        }
    }

    /// An answer of S3, or the lack of one.
    private init(_ error: S3Error) {
        let code: Console.ExitCode =
            if error.code == "RequestTimeTooSkewed" {
                .refused
            } else if error.concernsPermission {
                .permission
            } else if error.isTransient {
                .temporary
            } else {
                .failed
            }
        self.init(code, PrintableText.escape("\(error)"), hint: error.hint)
    }

    /// An error of the command line, in the words of the argument parser.
    private init(usage error: any Error) {
        let text = S3Prune.message(for: error)
        var sentences = text.components(separatedBy: ". ")
        var message = sentences.removeFirst()
        while message.hasSuffix(".") || message.hasSuffix("\n") { message.removeLast() }
        if let first = message.first, !message.dropFirst().prefix(1).allSatisfy(\.isUppercase) {
            message = first.lowercased() + message.dropFirst()
        }
        let advice = sentences.joined(separator: ". ")
        self.init(
            .usage, PrintableText.escape(message),
            hint: advice.isEmpty
                ? "'s3prune --help' lists the commands and options"
                : PrintableText.escape(advice))
    }
}
