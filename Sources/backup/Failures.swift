public import BackupPipeline
public import Console
import Glibc
public import Gzip
public import OpenPGP

extension OpenPGPError: FailureConvertible {
    /// What is wrong with a key, a message or gpg.
    public var failure: Failure {
        Failure(exitCode, PrintableText.escape("\(self)"), hint: hint)
    }

    private var exitCode: Console.ExitCode {
        switch code {
        case .unreadable, .notAFile, .empty, .tooLarge, .tooOpen, .notAKey, .damagedKey, .secretKey,
            .noRecipients, .badFingerprint, .badName:
            .usage
        case .wrongFingerprint: .refused
        case .badPassphrase, .noPassphrase, .noSecretKey, .noAgent: .permission
        default: .failed
        }
    }
}

extension CompressionError: FailureConvertible {
    /// What is wrong with a compressed stream.
    public var failure: Failure {
        var isLimit = false
        if case .tooLarge = code { isLimit = true }
        return Failure(
            .failed, PrintableText.escape("\(self)"),
            hint: isLimit ? "where so much is to be expected, give --max-size" : nil)
    }
}

extension InputError: FailureConvertible {
    /// Why the input cannot be trusted.
    public var failure: Failure {
        Failure(exitCode, PrintableText.escape("\(self)"), hint: hint)
    }

    private var exitCode: Console.ExitCode {
        switch code {
        case .notStarted(let number): Self.ownMistakes.contains(number) ? .usage : .failed
        case .interrupted: .interrupted
        default: .failed
        }
    }

    private var hint: String? {
        switch code {
        case .wantsTerminal:
            "give it its password in another way (a file such as ~/.pgpass or ~/.my.cnf, or the "
                + "environment), or run this in the foreground of a terminal"
        case .notStarted(EMFILE): "raise the limit of open files (ulimit -n)"
        default: nil
        }
    }

    /// What is wrong with the words of the command; anything else the system lacks.
    private static let ownMistakes = [
        ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, ENOEXEC, ELOOP, ENAMETOOLONG, E2BIG, ELIBBAD,
        ETXTBSY,
    ]
}

extension InputTooSmall: FailureConvertible {
    /// Names both sizes.
    public var failure: Failure {
        guard bytes > 0 else {
            return Failure(
                .refused, "the input is empty",
                hint: "look at the command that makes it; --min-size 0 takes an empty one")
        }
        return Failure(
            .refused,
            "the input has \(Quantity.bytes(bytes)), less than --min-size "
                + Quantity.bytes(minimum),
            hint: "look at the command that makes it")
    }
}

extension OutOfMemory: FailureConvertible {
    /// Says how much was asked for.
    public var failure: Failure {
        Failure(.failed, "\(self)", hint: "give a smaller --part-size or --concurrency")
    }
}

extension StreamTooLong: FailureConvertible {
    /// Names the cure.
    public var failure: Failure {
        Failure(.failed, "\(self)", hint: "give a larger --part-size: parts grow from there")
    }
}

extension BytesMissing: FailureConvertible {
    /// A defect.
    public var failure: Failure {
        Failure(
            .failed, "the stages of the upload disagree about the number of bytes",
            hint: "this is a defect of backup; please report it")
    }
}
