internal import CivilTime
public import Console
internal import PolicyFile
internal import S3

/// Incomplete uploads as JSON Lines, schema `s3prune.uploads/1`: a line that says what they were
/// looked at with, one an upload, one that sums up; after aborting one for each upload that was to
/// be aborted, and a result.
public struct UploadJSONReport: UploadReport {
    private let output: ByteWriter

    /// A report that goes to `output`, which the caller finishes.
    public init(output: ByteWriter) { self.output = output }

    /// Writes the `uploads`, `upload`, `problem` and `summary` lines.
    public func write(_ survey: UploadSurvey) throws {
        let header = survey.header
        var line = JSONLine()
        line.add("type", "uploads")
        line.add("schema", "s3prune.uploads/1")
        line.add("bucket", header.bucket)
        line.add("prefix", header.prefix)
        line.add("endpoint", header.endpoint)
        line.add("policy", header.policy)
        line.add("policy_sha256", header.policySHA256)
        line.add("now", header.now.rfc3339)
        line.add("timezone", header.timezone)
        line.add("abort_after", survey.abortAfter?.policyText)
        try output.write(line.take())
        for upload in survey.uploads { try write(upload, header) }
        if let problem = survey.clockProblem { try JSONReport(output: output).add(problem) }
        line.add("type", "summary")
        line.add("uploads", survey.uploads.count)
        line.add("bytes", survey.uploads.storedBytes)
        line.add("expired", survey.expired.count)
        line.add("bytes_expired", survey.expired.storedBytes)
        try output.write(line.take())
    }

    /// Writes the `outcome` lines and the `result` line.
    public func write(_ abortion: UploadAbortion) throws {
        var line = JSONLine()
        for (incomplete, outcome) in abortion.outcomes {
            line.add("type", "outcome")
            line.add("bucket", abortion.bucket)
            line.add("key", incomplete.upload.key)
            line.add("upload_id", incomplete.upload.id)
            line.add("outcome", outcome.word)
            if let error = outcome.error {
                line.add("code", error.code)
                line.add("message", error.message)
            }
            try output.write(line.take())
        }
        line.add("type", "result")
        line.add("bucket", abortion.bucket)
        line.add("aborted", abortion.aborted)
        line.add("failed", abortion.failed)
        line.add("unknown", abortion.unknown)
        line.add("not_tried", abortion.untried)
        line.add("bytes_aborted", Int(abortion.bytesAborted))
        try output.write(line.take())
    }

    private func write(_ incomplete: IncompleteUpload, _ header: PlanHeader) throws {
        let upload = incomplete.upload
        var line = JSONLine()
        line.add("type", "upload")
        line.add("key", upload.key)
        line.add("upload_id", upload.id)
        line.add("initiated", upload.initiated.rfc3339)
        line.add("age_seconds", Int(max(0, header.now.seconds - upload.initiated.seconds)))
        line.add("storage_class", upload.storageClass.isEmpty ? nil : upload.storageClass)
        line.add("parts", incomplete.stored.map { Int64($0.parts) })
        line.add("bytes", incomplete.stored?.bytes)
        line.add("action", incomplete.isExpired ? "abort" : "keep")
        try output.write(line.take())
    }
}

extension JSONLine {
    /// Adds a number, or null where it is not known.
    fileprivate mutating func add(_ name: StaticString, _ number: Int64?) {
        if let number { add(name, Int(number)) } else { addNull(name) }
    }
}
