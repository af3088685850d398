extension Client {
    /// Makes every write to a bucket a new version; needs `s3:PutBucketVersioning`. On AWS it may
    /// take 15 minutes until all writes do.
    ///
    /// ```xml
    /// <VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Status>Enabled</Status>
    /// </VersioningConfiguration>
    /// ```
    public func enableVersioning(ofBucket bucket: String) throws(S3Error) {
        var body = XMLText()
        body.raw(#"<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#)
        body.raw("<Status>Enabled</Status></VersioningConfiguration>")
        try set("versioning", ofBucket: bucket, operation: "PutBucketVersioning", body.bytes)
    }
}
