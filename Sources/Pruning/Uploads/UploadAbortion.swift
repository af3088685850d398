public import S3

/// Aborts uploads and finds out what became of them.
public struct UploadAbortion {
    /// What became of one upload.
    public enum Outcome: Sendable {
        /// It is gone.
        case aborted
        /// It is still there; the error, or `nil` where the server said that it is gone.
        case failed(S3Error?)
        /// Nobody knows: no answer came, and it could not be listed again.
        case unknown(S3Error)
        /// The work ended before it.
        case untried
    }

    /// The bucket that they were aborted in.
    public let bucket: String
    /// The uploads with their outcomes, in their order.
    public let outcomes: [(upload: IncompleteUpload, outcome: Outcome)]
    /// Why the uploads could not be listed again, where they could not.
    public let relistingError: S3Error?

    /// Aborts exactly these uploads, one after the other, then lists what is still there.
    ///
    /// An error that is no answer (the network, a cancellation) ends the work; `isStopped` is asked
    /// before each upload.
    public init(
        of uploads: [IncompleteUpload], inBucket bucket: String, prefix: [UInt8], client: Client,
        isStopped: () -> Bool = { false }
    ) {
        self.bucket = bucket
        var attempts: [Attempt] = []
        var hasEnded = false
        for incomplete in uploads {
            guard !hasEnded, !isStopped() else {
                attempts.append(.untried)
                continue
            }
            let upload = incomplete.upload
            do throws(S3Error) {
                try client.abort(uploadID: upload.id, key: upload.key, bucket: bucket)
                attempts.append(.done)
            } catch {
                hasEnded = error.cause != .answer
                attempts.append(.error(error))
            }
        }
        var remaining: Set<Name>?
        var relistingError: S3Error?
        do throws(S3Error) {
            let list = try client.multipartUploads(inBucket: bucket, prefix: prefix)
            remaining = Set(list.uploads.map(Name.init))
        } catch {
            relistingError = error
        }
        self.relistingError = relistingError
        outcomes = zip(uploads, attempts).map { incomplete, attempt in
            (incomplete, attempt.outcome(isThere: remaining?.contains(Name(incomplete.upload))))
        }
    }

    /// What names an upload.
    private struct Name: Hashable {
        var key: [UInt8]
        var id: String

        init(_ upload: MultipartUpload) {
            key = upload.key
            id = upload.id
        }
    }

    private enum Attempt {
        case done
        case error(S3Error)
        case untried

        /// What became of it; `isThere` is what the listing afterwards says, if there is one.
        func outcome(isThere: Bool?) -> Outcome {
            switch (self, isThere) {
            case (.untried, _): .untried
            case (.done, true?): .failed(nil)
            case (.done, _): .aborted
            case (.error, false?): .aborted
            case (.error(let error), true?): .failed(error)
            case (.error(let error), nil): error.effectUnknown ? .unknown(error) : .failed(error)
            }
        }
    }
}

extension UploadAbortion {
    /// The number of uploads that are gone.
    public var aborted: Int {
        outcomes.count { if case .aborted = $0.outcome { true } else { false } }
    }

    /// The number of uploads that are still there.
    public var failed: Int {
        outcomes.count { if case .failed = $0.outcome { true } else { false } }
    }

    /// The number of uploads of which nobody knows.
    public var unknown: Int {
        outcomes.count { if case .unknown = $0.outcome { true } else { false } }
    }

    /// The number of uploads that were not tried.
    public var untried: Int {
        outcomes.count { if case .untried = $0.outcome { true } else { false } }
    }

    /// Bytes that are not stored any more, as far as they were known.
    public var bytesAborted: Int64 {
        outcomes.reduce(0) { sum, each in
            guard case .aborted = each.outcome else { return sum }
            return sum.addingSaturated(each.upload.stored?.bytes ?? 0)
        }
    }

    /// The first error of an upload that is not gone.
    public var firstError: S3Error? {
        for each in outcomes {
            switch each.outcome {
            case .failed(let error?), .unknown(let error): return error
            default: continue
            }
        }
        return nil
    }
}
