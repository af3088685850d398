extension Client {
    /// The most versions that one request may delete.
    public static let deletionsPerRequest = 1000

    /// The most bytes that the versions of one request should take in it: Ceph reads no more than
    /// 1 MiB (`rgw_max_put_param_size`), AWS 2 MB.
    public static let deletionBytesPerRequest = 1_000_000

    /// Deletes exactly these versions with one request; needs `s3:DeleteObjectVersion`.
    ///
    /// ```xml
    /// <Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Object><Key>db/m.sql.gz</Key><VersionId>8kX</VersionId></Object>
    ///   <Quiet>false</Quiet>
    /// </Delete>
    /// ```
    ///
    /// A request that fails in passing is sent again: deleting a version twice is deleting it.
    /// Governance retention is never bypassed. Throws if the whole request failed; with
    /// `effectUnknown` any of the versions may be gone. Precondition: at most
    /// `deletionsPerRequest` versions, all of which `fitsInXML`.
    public func delete(
        _ versions: [ObjectVersion], inBucket bucket: String
    ) throws(S3Error) -> DeletionAnswer {
        precondition(versions.count <= Client.deletionsPerRequest && !versions.isEmpty)
        let body = deletionDocument(versions)
        let request = Request(
            .post, .bucket(bucket), query: [QueryItem("delete")],
            headers: [
                Header("Content-MD5", Base64.encode(Digest.hash(body, .md5))),
                Header("Content-Type", "application/xml"),
            ], payload: .hashing(body))
        let (tree, head) = try document(
            request, operation: "DeleteObjects", roots: ["DeleteResult"], body: body,
            maximumBytes: maximumResultBytes)
        return DeletionAnswer(
            tree, to: versions, isQuiet: false, requestID: head.requestID)
    }
}

/// The largest answer to a batch, in bytes: a thousand keys of 1,024 bytes, escaped at six bytes
/// each, with their ids and messages.
private let maximumResultBytes = 16 << 20

extension ObjectVersion {
    /// How many bytes the version takes in the request that deletes it with others.
    public var deletionBytes: Int {
        ObjectVersion.bytesAround + XMLText.size(of: key) + XMLText.size(of: id.bytes)
    }

    /// What the markup of a version takes.
    private static let bytesAround =
        "<Object><Key></Key><VersionId></VersionId></Object>".utf8.count
}

/// The body of a request in verbose mode: every deletion is answered for.
func deletionDocument(_ versions: [ObjectVersion]) -> [UInt8] {
    var body = XMLText()
    body.raw(#"<?xml version="1.0" encoding="UTF-8"?>"#)
    body.raw(#"<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#)
    for version in versions {
        precondition(version.fitsInXML, "a key that XML cannot carry")
        body.raw("<Object>")
        body.element("Key", version.key)
        body.element("VersionId", version.id.bytes)
        body.raw("</Object>")
    }
    body.raw("<Quiet>false</Quiet></Delete>")
    return body.bytes
}
