public import Console
internal import S3

/// Says what a run of deletions did: numbers, and each version that is not gone.
public protocol DeletionReport: AnyObject {
    /// Takes a version that is still there, or of which nobody knows.
    func add(_ remainder: Deleter.Remainder) throws
    /// Prints the numbers.
    func end(_ result: DeletionResult) throws
}

/// The result of deletions as text of at most 80 columns.
public final class DeletionTextReport: DeletionReport {
    private let output: ByteWriter
    private let bucket: String
    private let mostLines: Int
    private let lines = SpillBuffer(memoryLimit: 1 << 20)
    private var count = 0

    /// A report that goes to `output`, which is flushed at the end.
    public init(output: ByteWriter, bucket: String, isVerbose: Bool) {
        self.output = output
        self.bucket = bucket
        mostLines = isVerbose ? .max : 100
    }

    /// Collects a version.
    public func add(_ remainder: Deleter.Remainder) throws {
        count += 1
        if count <= mostLines { try lines.append(Array(Self.text(of: remainder).utf8)) }
    }

    /// Prints the result, then what remains.
    public func end(_ result: DeletionResult) throws {
        try output.write("\nDELETED\n")
        try output.write(wrapped("  \(bucket): \(result.sentence)", indent: 4))
        if let reason = result.stop?.sentence {
            try output.write(wrapped("  stopped: \(reason)", indent: 4))
        }
        try lines.forEachBlock { try output.write($0) }
        if count > mostLines {
            let more = Quantity.count(count - mostLines, "more version")
            try output.write("  … and \(more) (--verbose)\n")
        }
        try output.flush()
    }

    private static func text(of remainder: Deleter.Remainder) -> String {
        let key = PrintableText.escape(remainder.version.key)
        let id = PrintableText.escape(remainder.version.id.bytes)
        let title = wrapped("  \(remainder.outcome.word) \(key) \(id)", indent: 4)
        guard case .refused(let why) = remainder.outcome else { return title }
        return title + wrapped("    \(why.sentence)", indent: 4)
    }
}

/// The result of deletions as JSON Lines after those of the plan.
public final class DeletionJSONReport: DeletionReport {
    private let output: ByteWriter
    private let bucket: String
    private let prefix: [UInt8]?
    private var line = JSONLine()

    /// A report that goes to `output`, which is flushed at the end; `prefix` is the policy's where
    /// a whole policy is carried out.
    public init(output: ByteWriter, bucket: String, prefix: [UInt8]? = nil) {
        self.output = output
        self.bucket = bucket
        self.prefix = prefix
    }

    /// Writes a `remainder` line.
    public func add(_ remainder: Deleter.Remainder) throws {
        line.add("type", "remainder")
        line.add("bucket", bucket)
        line.add("key", remainder.version.key)
        line.add("version_id", remainder.version.id.bytes)
        line.add("outcome", remainder.outcome.word)
        if case .refused(let why) = remainder.outcome {
            line.add("code", why.code)
            line.add("message", why.message)
        }
        try output.write(line.take())
    }

    /// Writes the `result` line.
    public func end(_ result: DeletionResult) throws {
        line.add("type", "result")
        line.add("bucket", bucket)
        if let prefix { line.add("prefix", prefix) }
        line.add("planned", result.planned)
        line.add("deleted", result.deleted)
        line.add("bytes_deleted", Int(result.bytesDeleted))
        line.add("protected", result.protected)
        line.add("denied", result.denied)
        line.add("failed", result.failed)
        line.add("unknown", result.unknown)
        line.add("not_tried", result.untried)
        line.add("stopped", result.stop?.sentence)
        try output.write(line.take())
        try output.flush()
    }
}

extension DeletionFate.Refusal {
    /// The server's code and words, safe to print.
    var sentence: String {
        let id = requestID.map { " (request id \($0))" } ?? ""
        return PrintableText.escape((message.isEmpty ? code : "\(code): \(message)") + id)
    }
}

extension DeletionResult {
    /// `deleted 120 of 123 versions, 4.5 GiB; 2 protected, 1 not tried`
    public var sentence: String {
        var text =
            "deleted \(Quantity.grouped(deleted)) of \(Quantity.count(planned, "version")), "
            + Quantity.bytes(bytesDeleted)
        let rest = [
            (protected, "protected"), (denied, "denied"), (failed, "failed"),
            (unknown, "unknown"), (untried, "not tried"),
        ].filter { $0.0 > 0 }.map { "\(Quantity.grouped($0.0)) \($0.1)" }
        if !rest.isEmpty { text += "; " + rest.joined(separator: ", ") }
        return text
    }

    /// How a program ends that did this; an early end counts where nothing was done.
    public var exitCode: ExitCode {
        if unknown > 0 { return .unknown }
        if deleted == planned, stop?.isOfServer != true { return .done }
        if deleted > 0 || protected > 0 { return .partial }
        switch stop {
        case .interrupted: return .interrupted
        case .denied: return .permission
        case .error(let error) where error.concernsPermission: return .permission
        case .error(let error): return error.isTransient ? .temporary : .failed
        case .untrustworthy, .unreadable: return .failed
        case nil where denied > 0: return .permission
        case nil: return failed > 0 && failedInPassing == failed ? .temporary : .failed
        }
    }
}

extension DeletionResult.Stop {
    /// Whether the server is not to be trusted with any further deletion.
    public var isOfServer: Bool { if case .untrustworthy = self { true } else { false } }

    /// Why deletions ended early, safe to print.
    public var sentence: String {
        switch self {
        case .interrupted: "interrupted"
        case .untrustworthy(let why), .unreadable(let why): PrintableText.escape(why)
        case .denied(let refusal):
            "these credentials may not delete versions: \(refusal.sentence)"
        case .error(let error): PrintableText.escape("\(error)")
        }
    }

    /// What can be done about it, safe to print.
    public var hint: String? {
        switch self {
        case .denied:
            "the user needs s3:DeleteObjectVersion; 'backup iam pruner' prints the whole policy"
        case .error(let error): error.hint.map(PrintableText.escape)
        case .interrupted, .untrustworthy, .unreadable: nil
        }
    }
}
