extension Client {
    /// Reads an object or a range of it; needs `s3:GetObject`, with a version id
    /// `s3:GetObjectVersion`.
    ///
    /// Hands each byte of `range` (of the object, by default all) to `receive` exactly once and in
    /// order, as it arrives: after an interruption it goes on where that happened, on the same
    /// version. A range that ends after the object ends with it. With `ifMatch` only bytes with
    /// this entity tag are taken. Precondition: the range is not empty and begins at 0 or later.
    ///
    /// Throws `S3Error`, with `isDeleteMarker` where the server says that a delete marker is what
    /// was asked for (Ceph calls it missing), and what `receive` throws, which ends the transfer.
    public func getObject(
        _ key: [UInt8], bucket: String, versionID: VersionID? = nil, range: Range<Int64>? = nil,
        ifMatch etag: String? = nil, receive: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws -> ObjectInfo {
        precondition(range.map { !$0.isEmpty && $0.lowerBound >= 0 } ?? true)
        let resource = Request.Resource.object(bucket: bucket, key: key)
        let download = Download(
            fault: Fault(operation: "GetObject", resource: resource), versionID: versionID,
            range: range, etag: etag, consume: receive)
        var interruptions = 0
        var waited = 0.0
        while true {
            do throws(S3Error) {
                _ = try perform(
                    download.request(resource), operation: "GetObject",
                    receiver: download.receiver())
                return try download.info()
            } catch {
                if let problem = download.consumerError { throw problem }
                // Requests that failed before the first byte are behind it already.
                guard error.isTransient, download.hasMoved else { throw error.about(versionID) }
                if download.hasMovedFar { (interruptions, waited) = (0, 0) }
                interruptions += 1
                let wait = options.retry.wait(
                    after: error, attempt: interruptions, waited: waited,
                    random: options.random())
                guard let wait else { throw error }
                pause(seconds: wait)
                waited += wait
                if options.cancellation?.isCancelled == true { throw error }
            }
        }
    }
}

/// The bytes of one object on their way, over several requests if it must be.
private final class Download {
    private let fault: Fault
    private let versionID: VersionID?
    private let range: Range<Int64>?
    private var etag: String?
    private let consume: (UnsafeRawBufferPointer) throws -> Void
    /// Where in the object the next byte belongs.
    private var place: Int64
    /// Where the request in flight began.
    private var begin: Int64
    /// Where the last byte belongs, once known.
    private var end: Int64?
    private var found: ObjectInfo?
    private(set) var consumerError: (any Error)?

    init(
        fault: Fault, versionID: VersionID?, range: Range<Int64>?, etag: String?,
        consume: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.fault = fault
        self.versionID = versionID
        self.range = range
        self.etag = etag
        self.consume = consume
        place = range?.lowerBound ?? 0
        begin = place
    }

    /// Whether the request in flight brought a byte: the same request would bring it again.
    var hasMoved: Bool { place > begin }

    /// Whether it brought so much that the line is not to be given up.
    var hasMovedFar: Bool { place - begin >= 1 << 20 }

    /// What is still missing, of exactly the version that the first answer was about.
    func request(_ resource: Request.Resource) -> Request {
        begin = place
        var headers: [Header] = []
        if let etag { headers.append(Header("If-Match", "\"\(etag)\"")) }
        if range != nil || place > 0 {
            let last = (end ?? range?.upperBound).map { String($0 - 1) } ?? ""
            headers.append(Header("Range", "bytes=\(place)-\(last)"))
        }
        return Request(
            .get, resource, query: versionQuery(versionID ?? found?.versionID), headers: headers)
    }

    func receiver() -> Receiver {
        var receiver = Receiver(
            begin: { [self] in try take($0) },
            receive: { [self] bytes in
                guard Int64(bytes.count) <= (end ?? 0) - place else {
                    throw fault.error(
                        .unacceptable, "InvalidAnswer", "the answer is longer than it says")
                }
                do { try consume(bytes) } catch {
                    consumerError = error
                    throw error
                }
                place += Int64(bytes.count)
            },
            finish: { [self] _ in
                guard place == end else {
                    throw fault.error(
                        .connection, "IncompleteAnswer", "the answer ended early",
                        isTransient: true)
                }
            })
        receiver.mayBeginAgain = { [self] in !hasMoved }
        return receiver
    }

    /// The object, which is whole now.
    func info() throws(S3Error) -> ObjectInfo {
        guard let found else { throw refusal("the answer is empty") }
        return found
    }

    /// Takes the headers of an answer.
    private func take(_ answer: Answer) throws(S3Error) {
        let isPartial = range != nil || place > 0
        guard answer.status == (isPartial ? 206 : 200) else {
            throw refusal(
                isPartial ? "the server ignored the range" : "its status is \(answer.status)")
        }
        let sent: (range: Range<Int64>, size: Int64)? =
            isPartial ? contentRange(answer) : contentLength(answer)
        guard let sent else { throw refusal("it does not say which bytes it has") }
        let wantedEnd = min(range?.upperBound ?? .max, sent.size)
        guard sent.range == place..<wantedEnd, end == nil || end == wantedEnd else {
            throw refusal("it has other bytes than were asked for")
        }
        let info = ObjectInfo(answer, size: sent.size)
        try fault.check(info, is: versionID ?? found?.versionID, etag: etag)
        end = wantedEnd
        etag = info.etag.isEmpty ? etag : info.etag
        found = info
    }

    private func contentLength(_ answer: Answer) -> (Range<Int64>, Int64)? {
        guard let size = answer["content-length"].flatMap({ Int64($0) }), size >= 0 else {
            return nil
        }
        return (0..<size, size)
    }

    /// `bytes 0-65535/1048576`
    private func contentRange(_ answer: Answer) -> (Range<Int64>, Int64)? {
        guard let text = answer["content-range"], text.lowercased().hasPrefix("bytes ") else {
            return nil
        }
        let numbers = text.dropFirst(6).split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "-" || $0 == "/" }
        ).map { Int64($0) }
        guard numbers.count == 3, let first = numbers[0], let last = numbers[1],
            let size = numbers[2], first >= 0, first <= last, last < size
        else { return nil }
        return (first..<last + 1, size)
    }

    private func refusal(_ message: String) -> S3Error {
        fault.error(.unacceptable, "InvalidAnswer", "the answer cannot be used: \(message)")
    }
}
