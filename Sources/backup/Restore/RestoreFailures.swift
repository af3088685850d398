public import BackupPipeline
public import Console
import Glibc

extension OutputError: FailureConvertible {
    /// What stands in the way of the output, and the way around it.
    public var failure: Failure {
        let words = PrintableText.escape(description)
        return switch code {
        case .exists: Failure(.refused, words, hint: "--force replaces it")
        case .notAFile:
            Failure(
                .refused, words,
                hint: "a restore writes new files only; '--output -' writes to standard output")
        case .cancelled: Failure(.failed, words)
        case .system(EPIPE):
            Failure(.failed, "\(words): whoever read it has stopped before the end")
        case .system: Failure(.failed, "cannot write \(words)")
        }
    }
}

extension ObjectTooLarge: FailureConvertible {
    /// Names both sizes.
    public var failure: Failure {
        Failure(
            .failed,
            "the object has \(Quantity.bytes(bytes)), the limit is \(Quantity.bytes(limit))",
            hint: "make room, or give --max-size")
    }
}

extension NoThread: FailureConvertible {
    /// Names what is missing.
    public var failure: Failure { Failure(.failed, description) }
}

extension EmptyObject: FailureConvertible {
    /// Says so.
    public var failure: Failure { Failure(.failed, description, hint: "take another version") }
}
