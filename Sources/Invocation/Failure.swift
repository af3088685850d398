public import ArgumentParser
public import Console
internal import FoundationEssentials
public import S3

extension ConfigurationError: FailureConvertible {
    /// What the environment, the files or the options say wrongly.
    public var failure: Failure {
        Failure(
            concernsCredentials ? .permission : .configuration, "\(self)", hint: hint)
    }
}

extension RequestError: FailureConvertible {
    /// What cannot be asked of S3 in this way.
    public var failure: Failure {
        Failure(.usage, PrintableText.escape("\(self)"), hint: hint)
    }
}

extension S3Error: FailureConvertible {
    /// An answer of S3, or the lack of one.
    public var failure: Failure {
        Failure(exitCode, PrintableText.escape("\(self)"), hint: hint)
    }

    private var exitCode: Console.ExitCode {
        if code == "RequestTimeTooSkewed" { return .refused }
        if concernsPermission { return .permission }
        return isTransient ? .temporary : .failed
    }
}

extension ListingProblem: FailureConvertible {
    /// What is wrong with a page that the bucket sent.
    public var failure: Failure {
        Failure(
            .failed, "listing: \(PrintableText.escape("\(self)"))",
            hint: "nothing was decided: a listing that cannot be trusted ends the run")
    }
}

extension Failure {
    /// Words any error that a command of `root` throws.
    public init(_ error: any Error, of root: any ParsableCommand.Type) {
        if let error = error as? any FailureConvertible {
            self = error.failure
        } else {
            self.init(usage: error, of: root)
        }
    }

    /// An error of the command line, in the words of the argument parser.
    private init(usage error: any Error, of root: any ParsableCommand.Type) {
        let text = root.message(for: error)
        var sentences = text.components(separatedBy: ". ")
        var message = sentences.removeFirst()
        while message.hasSuffix(".") || message.hasSuffix("\n") { message.removeLast() }
        if let first = message.first, !message.dropFirst().prefix(1).allSatisfy(\.isUppercase) {
            message = first.lowercased() + message.dropFirst()
        }
        var advice = sentences.joined(separator: ". ")
        while advice.hasSuffix(".") { advice.removeLast() }
        if let first = advice.first { advice = first.lowercased() + advice.dropFirst() }
        let program = root.configuration.commandName ?? "the program"
        self.init(
            .usage, PrintableText.escape(message),
            hint: advice.isEmpty
                ? "'\(program) --help' lists the commands and options"
                : PrintableText.escape(advice))
    }
}
