public import CivilTime
public import PolicyFile
public import S3

/// An upload that was begun and never completed, and what becomes of it.
public struct IncompleteUpload: Sendable {
    /// What a server has stored of an upload.
    public struct Stored: Sendable, Equatable {
        /// The number of parts.
        public var parts: Int
        /// Their bytes.
        public var bytes: Int64
    }

    /// The upload as it was listed.
    public var upload: MultipartUpload
    /// What is stored of it so far; `nil` where the server does not tell.
    public var stored: Stored?
    /// Whether it is older than the policy lets it become.
    public var isExpired: Bool
}

/// The incomplete uploads of a policy's bucket at one moment, oldest first.
public struct UploadSurvey: Sendable {
    /// What it was made from; `now` is the server's clock.
    public let header: PlanHeader
    /// The age at which the policy aborts uploads; `nil` where it keeps them.
    public let abortAfter: CalendarDuration?
    /// The uploads, oldest first.
    public let uploads: [IncompleteUpload]
    /// The disagreement of clocks, if there is one; nothing may be aborted then.
    public let clockProblem: Problem?
    /// Why the server does not tell what is stored, where it does not.
    public let partsRefusal: S3Error?

    /// Those that are older than `abortAfter`, in their order.
    public var expired: [IncompleteUpload] { uploads.filter(\.isExpired) }

    /// Lists the uploads and asks for the parts of each.
    ///
    /// One request for each thousand uploads and one for each upload; where asking for parts is
    /// denied, the sizes stay unknown. `header` is asked for with the server's clock, and with the
    /// local one of the same moment.
    public init(
        of policy: Policy, client: Client,
        header makeHeader: (_ server: Timestamp?, _ local: Timestamp?) -> (PlanHeader, Problem?)
    ) throws(S3Error) {
        let list = try client.multipartUploads(inBucket: policy.bucket, prefix: policy.prefix)
        let (header, clockProblem) = makeHeader(list.date, list.received)
        let limit = Self.limit(policy, header)
        var uploads: [IncompleteUpload] = []
        var refusal: S3Error?
        let oldestFirst = list.uploads.enumerated().sorted {
            ($0.element.initiated, $0.offset) < ($1.element.initiated, $1.offset)
        }
        for upload in oldestFirst.map(\.element) {
            let isExpired = limit.map { upload.initiated < $0 } ?? false
            var incomplete = IncompleteUpload(upload: upload, isExpired: isExpired)
            if refusal == nil {
                do throws(S3Error) {
                    incomplete.stored = try client.stored(of: upload, inBucket: policy.bucket)
                } catch {
                    // Completed or aborted since it was listed.
                    if error.code == "NoSuchUpload" { continue }
                    guard error.concernsPermission else { throw error }
                    refusal = error
                }
            }
            uploads.append(incomplete)
        }
        self.header = header
        self.uploads = uploads
        self.clockProblem = clockProblem
        partsRefusal = refusal
        if case .abortAfter(let age) = policy.incompleteUploads {
            abortAfter = age
        } else {
            abortAfter = nil
        }
    }

    /// Uploads begun before this instant are too old.
    private static func limit(_ policy: Policy, _ header: PlanHeader) -> Timestamp? {
        guard case .abortAfter(let age) = policy.incompleteUploads else { return nil }
        return age.subtracted(from: header.now, in: policy.calendar.zone)
    }
}

extension Client {
    fileprivate func stored(
        of upload: MultipartUpload, inBucket bucket: String
    ) throws(S3Error) -> IncompleteUpload.Stored {
        let parts = try parts(ofUpload: upload.id, key: upload.key, bucket: bucket)
        let bytes = parts.reduce(Int64(0)) { $0.addingSaturated($1.size) }
        return IncompleteUpload.Stored(parts: parts.count, bytes: bytes)
    }
}
