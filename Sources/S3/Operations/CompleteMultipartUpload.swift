/// What became of an upload that was to be completed. That nothing was stored is an error instead.
public enum Completion: Sendable {
    /// The object is there.
    case completed(StoredObject)
    /// It may be there or not, and asking again cannot tell: the error says why. Whoever may read
    /// the bucket can look for the upload's metadata.
    case unknown(S3Error)
}

extension Client {
    /// Makes an object of the parts of an upload; needs `s3:PutObject`.
    ///
    /// ```xml
    /// <CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Part>
    ///     <PartNumber>1</PartNumber><ETag>"7778aef83f66abc1fa1e8477f296d394"</ETag>
    ///     <ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME>
    ///   </Part>
    /// </CompleteMultipartUpload>
    /// ```
    ///
    /// Takes minutes, if the server needs them: it sends white space meanwhile. Where it has been
    /// given checksums it gets that of the whole and the size, and makes nothing else of the parts.
    /// Throws if nothing was stored: the upload is still there and should be aborted, or was gone
    /// before (of which Ceph says that it cannot tell). `parts` are those of the upload in order,
    /// numbered from 1 without gaps.
    public func completeMultipartUpload(
        _ upload: OpenUpload, parts: [SentPart]
    ) throws(S3Error) -> Completion {
        let operation = "CompleteMultipartUpload"
        let resource = Request.Resource.object(bucket: upload.bucket, key: upload.key)
        let fault = Fault(operation: operation, resource: resource)
        try fault.check(parts)
        let body = completionDocument(parts)
        var headers = [Header("Content-Type", "application/xml")]
        if upload.checksCRC { headers += wholeHeaders(parts) }
        let request = Request(
            .post, resource, query: [QueryItem("uploadId", upload.id)], headers: headers,
            payload: .hashing(body))
        var transfer = TransferOptions()
        transfer.stallMilliseconds = Client.completionMilliseconds
        // Sent silently again it would be answered with NoSuchUpload.
        transfer.needsFreshConnection = true
        do throws(S3Error) {
            let (tree, answer) = try document(
                request, operation: operation, roots: Client.completionRoots, body: body,
                transfer: transfer)
            return .completed(try fault.object(tree, answer, of: upload, parts))
        } catch {
            // An answer that says success of something else is no proof that nothing was stored.
            if error.effectUnknown || error.cause == .unacceptable { return .unknown(error) }
            throw error
        }
    }

    /// The second is moto's.
    private static let completionRoots = [
        "CompleteMultipartUploadResult", "CompleteMultipartUploadResponse",
    ]
    /// How long the answer may keep silent.
    private static let completionMilliseconds = 15 * 60_000
}

/// The checksum and size that the server holds against what it puts together.
private func wholeHeaders(_ parts: [SentPart]) -> [Header] {
    var crc = CRC64NVME()
    for part in parts { if let next = part.crc { crc.append(next) } }
    return [
        Header("x-amz-checksum-crc64nvme", crc.text), Header("x-amz-checksum-type", "FULL_OBJECT"),
        Header("x-amz-mp-object-size", String(parts.reduce(0) { $0 + $1.size })),
    ]
}

/// The body of the request.
private func completionDocument(_ parts: [SentPart]) -> [UInt8] {
    var body = XMLText()
    body.raw(#"<?xml version="1.0" encoding="UTF-8"?>"#)
    body.raw(#"<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#)
    for part in parts {
        body.raw("<Part>")
        body.element("PartNumber", String(part.number).utf8)
        body.element("ETag", "\"\(part.etag)\"".utf8)
        if let crc = part.crc { body.element("ChecksumCRC64NVME", crc.text.utf8) }
        body.raw("</Part>")
    }
    body.raw("</CompleteMultipartUpload>")
    return body.bytes
}

extension Fault {
    /// Throws unless the parts are numbered from 1 without gaps, and there is one.
    fileprivate func check(_ parts: [SentPart]) throws(S3Error) {
        guard !parts.isEmpty, parts.count <= Client.partsPerUpload else {
            throw error(
                RequestError(
                    subject: "upload", message: "it has \(parts.count) parts, not 1 to 10000"))
        }
        guard parts.map(\.number).elementsEqual(1...parts.count) else {
            throw error(
                RequestError(subject: "upload", message: "its parts are not numbered without gaps"))
        }
    }

    /// Reads the answer.
    ///
    /// ```xml
    /// <CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Location>https://acme-backups.s3.eu-central-1.amazonaws.com/db/m.sql.gz</Location>
    ///   <Bucket>acme-backups</Bucket><Key>db/m.sql.gz</Key>
    ///   <ETag>"3858f62230ac3c915f300c664312c11f-9"</ETag>
    ///   <ChecksumCRC64NVME>i+6LR0y3eFo=</ChecksumCRC64NVME>
    ///   <ChecksumType>FULL_OBJECT</ChecksumType>
    /// </CompleteMultipartUploadResult>
    /// ```
    ///
    /// Ceph leaves the entity tag empty, and gives no version id the second time.
    fileprivate func object(
        _ tree: XMLTree, _ answer: Answer, of upload: OpenUpload, _ parts: [SentPart]
    ) throws(S3Error) -> StoredObject {
        func refusal(_ message: String) -> S3Error {
            var result = error(.unacceptable, "InvalidAnswer", message)
            result.status = answer.status
            result.requestID = answer.requestID
            return result
        }
        guard tree.isAbout(key: upload.key, bucket: upload.bucket) else {
            throw refusal("the answer is about another object")
        }
        guard let etag = tree["ETag"].map({ unquoted($0.text) }) else {
            throw refusal("the answer has no entity tag")
        }
        // The tag of an object in parts ends with their number.
        if let dash = etag.lastIndex(of: "-"), let count = Int(etag[etag.index(after: dash)...]),
            count != parts.count
        {
            throw refusal("\(parts.count) parts were sent, the object has \(count)")
        }
        let stored = tree["ChecksumCRC64NVME"]?.text
        if upload.checksCRC, let stored,
            let sent = wholeHeaders(parts).first(where: { $0.name == "x-amz-checksum-crc64nvme" }),
            stored != sent.value
        {
            throw refusal("the object's CRC64NVME is \(stored), that of its parts \(sent.value)")
        }
        return StoredObject(
            versionID: answer["x-amz-version-id"].flatMap { VersionID($0) }, etag: etag,
            crc64nvme: stored, mayHaveTwin: false, isAnsweredAgain: answer.mayHaveActedTwice)
    }
}
