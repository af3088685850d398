public import S3

/// One version of one key, known by id and entity tag: whatever is uploaded meanwhile, all that is
/// read of it belongs together.
public struct PinnedVersion: Sendable {
    /// Bucket and key.
    public let location: S3Location
    /// The version; nil where the bucket keeps none.
    public let id: VersionID?
    /// What the server says of it. Its metadata is the uploader's word.
    public let info: ObjectInfo

    /// The size in bytes.
    public var size: Int64 { info.size }

    /// More than comes out of any dump of this size: 250 times as much, at least 1 GiB.
    ///
    /// gzip cannot pack denser than 1032 to 1; what comes near that was made to fill disks.
    public var likelyLimit: Int64 {
        let (product, overflow) = size.multipliedReportingOverflow(by: 250)
        return overflow ? .max : max(product, 1 << 30)
    }

    /// Asks about a version; needs `s3:GetObjectVersion` and nothing else.
    public init(_ location: S3Location, id: VersionID, through client: Client) throws(S3Error) {
        info = try client.headObject(location.key, bucket: location.bucket, versionID: id)
        self.location = location
        self.id = id
    }
}
