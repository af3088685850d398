extension Client {
    /// Creates a bucket in the endpoint's region; needs `s3:CreateBucket`. One's own bucket of this
    /// name stays as it is.
    ///
    /// ```xml
    /// <CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <LocationConstraint>eu-central-1</LocationConstraint>
    /// </CreateBucketConfiguration>
    /// ```
    ///
    /// AWS wants the region in the request, but for us-east-1; other servers have their own names
    /// for places, `constraint`, or none. Object Lock can be had from the beginning and turns
    /// versioning on.
    public func createBucket(
        _ bucket: String, constraint: String? = nil, objectLock: Bool = false
    ) throws(S3Error) {
        let region = endpoint.isAWS && endpoint.region != "us-east-1" ? endpoint.region : nil
        var body = XMLText()
        if let place = constraint ?? region {
            body.raw(
                #"<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#)
            body.element("LocationConstraint", place.utf8)
            body.raw("</CreateBucketConfiguration>")
        }
        let lock = Header("x-amz-bucket-object-lock-enabled", "true")
        let request = Request(
            .put, .bucket(bucket), headers: objectLock ? [lock] : [],
            payload: .hashing(body.bytes))
        do throws(S3Error) {
            _ = try perform(request, operation: "CreateBucket", body: body.bytes)
        } catch {
            if error.code != "BucketAlreadyOwnedByYou" { throw error }
        }
    }
}
