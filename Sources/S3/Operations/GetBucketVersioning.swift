/// Whether a bucket keeps the versions of its objects.
public struct BucketVersioning: Sendable, Hashable {
    /// The states of a bucket.
    public enum Status: String, Sendable {
        /// Every write makes a new version.
        case enabled = "Enabled"
        /// Writes replace the null version.
        case suspended = "Suspended"
        /// Versioning was never on.
        case never = ""
    }

    /// The bucket's state.
    public var status: Status
    /// Whether deleting a version needs a second factor.
    public var needsMFA: Bool
}

extension Client {
    /// Asks whether a bucket keeps versions; needs `s3:GetBucketVersioning`.
    ///
    /// ```xml
    /// <VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Status>Enabled</Status><MfaDelete>Disabled</MfaDelete>
    /// </VersioningConfiguration>
    /// ```
    ///
    /// moto calls the document `GetBucketVersioningResponse`.
    public func versioning(ofBucket bucket: String) throws(S3Error) -> BucketVersioning {
        let (tree, _) = try document(
            Request(.get, .bucket(bucket), query: [QueryItem("versioning")]),
            operation: "GetBucketVersioning",
            roots: ["VersioningConfiguration", "GetBucketVersioningResponse"])
        let text = tree["Status"]?.text ?? ""
        guard let status = BucketVersioning.Status(rawValue: text) else {
            throw Fault(operation: "GetBucketVersioning", resource: .bucket(bucket))
                .error(.unacceptable, "InvalidAnswer", "the state is neither Enabled nor Suspended")
        }
        return BucketVersioning(status: status, needsMFA: tree["MfaDelete"]?.text == "Enabled")
    }
}
