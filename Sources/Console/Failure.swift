/// Why a program ends without having done what was asked: what it prints and its exit code.
public struct Failure: Error, Equatable {
    /// What went wrong: lowercase, no final period, safe to print.
    public var message: String
    /// What cures it.
    public var hint: String?
    /// How the program ends.
    public var code: ExitCode

    /// A failure with its exit code.
    public init(_ code: ExitCode, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}

/// An error that knows how a program should word it.
public protocol FailureConvertible: Error {
    /// What to print and how to end.
    var failure: Failure { get }
}

extension Failure: FailureConvertible {
    /// Itself.
    public var failure: Failure { self }
}

extension WriteError: FailureConvertible {
    /// Names the file and the system's reason.
    public var failure: Failure {
        Failure(.failed, "cannot write \(PrintableText.escape(path)): \(reason)")
    }
}
