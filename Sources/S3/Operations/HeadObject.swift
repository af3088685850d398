public import CivilTime

/// What a server says of one object without its bytes.
public struct ObjectInfo: Sendable, Hashable {
    /// The version; nil where the bucket keeps none.
    public var versionID: VersionID?
    /// The entity tag, without quotes.
    public var etag: String
    /// The size of the whole object in bytes.
    public var size: Int64
    /// When it was stored, in whole seconds.
    public var lastModified: Timestamp?
    /// `x-amz-meta-*` by name, in lowercase, without that prefix. The uploader's words.
    public var metadata: [String: String]
    /// `x-amz-storage-class`; nil for the standard one.
    public var storageClass: String?
    /// `x-amz-server-side-encryption`; nil where the server does not say.
    public var encryption: String?
    /// The server's clock.
    public var date: Timestamp?

    /// Reads the headers; `size` is that of the whole object, whatever part of it was asked for.
    init(_ answer: Answer, size: Int64) {
        versionID = answer["x-amz-version-id"].flatMap { VersionID($0) }
        etag = unquoted(answer["etag"] ?? "")
        self.size = size
        lastModified = answer["last-modified"].flatMap { Timestamp(httpDate: $0) }
        metadata = [:]
        for header in answer.headers {
            let name = header.name.lowercased()
            guard name.hasPrefix(ObjectInfo.metadataPrefix) else { continue }
            metadata[String(name.dropFirst(ObjectInfo.metadataPrefix.count))] = header.value
        }
        storageClass = answer["x-amz-storage-class"]
        encryption = answer["x-amz-server-side-encryption"]
        date = answer.date
    }

    private static let metadataPrefix = "x-amz-meta-"
}

extension Client {
    /// Asks about an object, by default the current version; needs `s3:GetObject`, with a version
    /// id `s3:GetObjectVersion`.
    ///
    /// Throws with `isDeleteMarker` where the server says that a delete marker is what was asked
    /// for; Ceph calls it missing.
    public func headObject(
        _ key: [UInt8], bucket: String, versionID: VersionID? = nil
    ) throws(S3Error) -> ObjectInfo {
        let operation = "HeadObject"
        let resource = Request.Resource.object(bucket: bucket, key: key)
        let fault = Fault(operation: operation, resource: resource)
        let answer: Answer
        do throws(S3Error) {
            answer = try perform(
                Request(.head, resource, query: versionQuery(versionID)), operation: operation)
        } catch {
            throw error.about(versionID)
        }
        guard let size = answer["content-length"].flatMap({ Int64($0) }), size >= 0 else {
            throw fault.error(.unacceptable, "InvalidAnswer", "the answer has no Content-Length")
        }
        let info = ObjectInfo(answer, size: size)
        try fault.check(info, is: versionID, etag: nil)
        return info
    }
}

/// The query that names a version, or nothing.
func versionQuery(_ versionID: VersionID?) -> [QueryItem] {
    versionID.map { [QueryItem("versionId", $0.bytes)] } ?? []
}

extension S3Error {
    /// The same error, which knows what 405 means for a version.
    func about(_ versionID: VersionID?) -> S3Error {
        guard isDeleteMarker || versionID != nil && status == 405 else { return self }
        var error = self
        error.isDeleteMarker = true
        error.message =
            versionID == nil ? "a delete marker is current" : "the version is a delete marker"
        error.hint = "restore an older version by its version id"
        return error
    }
}

extension Fault {
    /// Throws unless the answer is about this version and entity tag.
    func check(_ info: ObjectInfo, is versionID: VersionID?, etag: String?) throws(S3Error) {
        if let versionID, let found = info.versionID, found != versionID {
            throw error(.unacceptable, "InvalidAnswer", "the answer is about version \(found)")
        }
        if let etag, info.etag != etag {
            throw error(
                .unacceptable, "InvalidAnswer", "the answer is about other bytes: \(info.etag)")
        }
    }
}
