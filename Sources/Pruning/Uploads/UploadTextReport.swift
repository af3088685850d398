internal import CivilTime
public import Console
internal import PolicyFile
internal import S3

/// Incomplete uploads as text of at most 80 columns, oldest first.
public struct UploadTextReport: UploadReport {
    private let output: ByteWriter
    private let isAborting: Bool
    private let nextStep: NextStep?

    /// A report that goes to `output`, which the caller finishes; `nextStep` ends a dry run.
    public init(output: ByteWriter, isAborting: Bool, nextStep: NextStep?) {
        self.output = output
        self.isAborting = isAborting
        self.nextStep = nextStep
    }

    /// Prints the verdict, then each upload.
    public func write(_ survey: UploadSurvey) throws {
        try output.write(wrapped(verdict(survey), indent: 2))
        try output.write(wrapped(origin(survey.header), indent: 2))
        if let problem = survey.clockProblem {
            try output.write("\nPROBLEMS\n" + problem.text)
        }
        guard !survey.uploads.isEmpty else { return }
        try output.write("\nINCOMPLETE UPLOADS, oldest first\n")
        for upload in survey.uploads { try output.write(lines(of: upload, survey)) }
        if let refusal = survey.partsRefusal {
            try output.write(
                wrapped(
                    "\n  what is stored of them is unknown: \(PrintableText.escape(refusal.code)); "
                        + "it needs s3:ListMultipartUploadParts", indent: 2))
        }
        if let nextStep, !isAborting, !survey.expired.isEmpty {
            try output.write("\nNEXT\n  \(nextStep.purpose)\n")
            try output.write(CommandText.wrapped(nextStep.command))
        }
    }

    /// Prints how many are gone, then those that are not.
    public func write(_ abortion: UploadAbortion) throws {
        try output.write("\nABORTED\n")
        try output.write(wrapped("  \(abortion.bucket): \(abortion.sentence)", indent: 4))
        for (incomplete, outcome) in abortion.outcomes {
            guard let words = outcome.remainder else { continue }
            let upload = incomplete.upload
            try output.write(
                wrapped("  \(words.what) \(PrintableText.escape(upload.key))", indent: 4)
                    + wrapped("    \(PrintableText.escape(upload.id))", indent: 4))
            if let why = words.why { try output.write(wrapped("    \(why)", indent: 4)) }
        }
    }

    private func verdict(_ survey: UploadSurvey) -> String {
        var text = survey.header.bucket
        if !survey.header.prefix.isEmpty {
            text += "/" + PrintableText.escape(survey.header.prefix)
        }
        guard !survey.uploads.isEmpty else { return text + ": no incomplete uploads" }
        text += ": " + Quantity.count(survey.uploads.count, "incomplete upload")
        if let bytes = survey.uploads.storedBytes { text += ", \(Quantity.bytes(bytes))" }
        guard let age = survey.abortAfter else {
            return text + "; the policy keeps them (incomplete-uploads: keep)"
        }
        let expired = survey.expired
        guard !expired.isEmpty else { return text + "; none older than \(age.policyText)" }
        text += "; \(Quantity.grouped(expired.count)) older than \(age.policyText)"
        if let bytes = expired.storedBytes { text += ", \(Quantity.bytes(bytes))," }
        return text + (isAborting ? " to be aborted" : " would be aborted")
    }

    private func origin(_ header: PlanHeader) -> String {
        let endpoint = header.endpoint.map { " at " + PrintableText.escape($0) } ?? ""
        return "policy \(PrintableText.escape(header.policy)), listing\(endpoint), "
            + "as of \(header.now.rfc3339), times of \(header.timezone)"
    }

    private func lines(of incomplete: IncompleteUpload, _ survey: UploadSurvey) -> String {
        let upload = incomplete.upload
        let begun = survey.header.calendar.localText(of: upload.initiated)
        let age = Self.age(survey.header.now.seconds - upload.initiated.seconds)
        var title = "  \(begun)  \(age) old"
        if let stored = incomplete.stored {
            title += ", \(Quantity.bytes(stored.bytes)) in \(Quantity.count(stored.parts, "part"))"
        }
        if incomplete.isExpired { title += isAborting ? ": expired" : ": would be aborted" }
        return wrapped(title, indent: 6)
            + wrapped("      \(PrintableText.escape(upload.key))", indent: 6)
            + wrapped("      upload id \(PrintableText.escape(upload.id))", indent: 6)
    }

    /// `12d 6h`, `5h 12min`, `3min`; of a date in the future `0min`.
    static func age(_ seconds: Int64) -> String {
        let minutes = max(0, seconds) / 60
        let (days, hours) = (minutes / 1440, minutes / 60 % 24)
        if days > 0 { return hours > 0 ? "\(days)d \(hours)h" : "\(days)d" }
        if hours > 0 { return minutes % 60 > 0 ? "\(hours)h \(minutes % 60)min" : "\(hours)h" }
        return "\(minutes)min"
    }
}

extension [IncompleteUpload] {
    /// The bytes stored of all of them; `nil` where they are not known of each.
    var storedBytes: Int64? {
        reduce(Int64?(0)) { sum, each in
            guard let sum, let stored = each.stored else { return nil }
            return sum.addingSaturated(stored.bytes)
        }
    }
}

extension UploadAbortion {
    /// `2 of 3 uploads, 30.0 MiB; 1 failed`
    public var sentence: String {
        var text = "\(Quantity.grouped(aborted)) of \(Quantity.count(outcomes.count, "upload"))"
        if bytesAborted > 0 { text += ", \(Quantity.bytes(bytesAborted))" }
        let rest = [(failed, "failed"), (unknown, "unknown"), (untried, "not tried")]
            .filter { $0.0 > 0 }.map { "\(Quantity.grouped($0.0)) \($0.1)" }
        if !rest.isEmpty { text += "; " + rest.joined(separator: ", ") }
        return text
    }
}

extension UploadAbortion.Outcome {
    /// The word of the JSON form.
    var word: String {
        switch self {
        case .aborted: "aborted"
        case .failed: "failed"
        case .unknown: "unknown"
        case .untried: "not-tried"
        }
    }

    /// The error that came with it.
    var error: S3Error? {
        switch self {
        case .failed(let error): error
        case .unknown(let error): error
        case .aborted, .untried: nil
        }
    }

    /// What is said of an upload that is not gone: what, and why.
    fileprivate var remainder: (what: String, why: String?)? {
        switch self {
        case .aborted: nil
        case .untried: ("not tried", nil)
        case .failed(nil):
            ("failed", "the server aborted it and still lists it: a part may have been on its way")
        case .failed(let error?): ("failed", error.sentence)
        case .unknown(let error): ("unknown", error.sentence)
        }
    }
}

extension S3Error {
    /// The code and the server's words, safe to print.
    fileprivate var sentence: String {
        PrintableText.escape(message.isEmpty ? code : "\(code): \(message)")
    }
}
