/// A multipart upload that this program has begun.
public struct OpenUpload: Sendable, Hashable {
    /// The bucket.
    public var bucket: String
    /// The key it becomes a version of.
    public var key: [UInt8]
    /// Its id, which names it together with the key.
    public var id: String
    /// Whether the server holds a CRC64NVME against every part and the whole.
    public var checksCRC: Bool
    /// Whether an earlier attempt, whose answer was lost, may have begun another upload, whose id
    /// nobody knows.
    public var mayHaveTwin: Bool
    /// Whether the parts' entity tags can be their MD5.
    var hasMD5Tags: Bool
}

extension Client {
    /// Begins a multipart upload; needs `s3:PutObject`. Nothing is stored of it until it is
    /// completed; left alone it stays, is paid for, and is shown by no listing of versions.
    ///
    /// ```xml
    /// <InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Bucket>acme-backups</Bucket><Key>db/m.sql.gz</Key><UploadId>YW55</UploadId>
    /// </InitiateMultipartUploadResult>
    /// ```
    ///
    /// The object's date will be that of this moment, whenever the upload is completed (on AWS;
    /// elsewhere that of its completion). Throws for a key that XML cannot carry, because every
    /// answer repeats it.
    public func createMultipartUpload(
        key: [UInt8], bucket: String, attributes: ObjectAttributes = ObjectAttributes()
    ) throws(S3Error) -> OpenUpload {
        let operation = "CreateMultipartUpload"
        let resource = Request.Resource.object(bucket: bucket, key: key)
        let fault = Fault(operation: operation, resource: resource)
        guard ObjectVersion(key: key, id: .null).fitsInXML else {
            throw fault.error(
                RequestError(subject: "key", message: "XML cannot carry its control characters"))
        }
        var headers = try fault.headers(of: attributes)
        if sendsCRC64NVME {
            headers.append(Header("x-amz-checksum-algorithm", "CRC64NVME"))
            headers.append(Header("x-amz-checksum-type", "FULL_OBJECT"))
        }
        let (tree, answer) = try document(
            Request(.post, resource, query: [QueryItem("uploads")], headers: headers),
            operation: operation, roots: ["InitiateMultipartUploadResult"])
        guard let id = tree["UploadId"]?.text, !id.isEmpty else {
            throw fault.error(.unacceptable, "InvalidAnswer", "the answer has no UploadId")
        }
        guard tree.isAbout(key: key, bucket: bucket) else {
            throw fault.error(.unacceptable, "InvalidAnswer", "the answer is about another object")
        }
        return OpenUpload(
            bucket: bucket, key: key, id: id, checksCRC: sendsCRC64NVME,
            mayHaveTwin: answer.mayHaveActedTwice,
            hasMD5Tags: attributes.hasMD5Tags && answer.hasMD5Tag)
    }
}

extension XMLTree {
    /// Whether the document names this object.
    func isAbout(key: [UInt8], bucket: String) -> Bool {
        self["Bucket"]?.text == bucket && self["Key"].map { Array($0.text.utf8) } == key
    }
}
