extension Client {
    /// The region in which a bucket lies; needs `s3:GetBucketLocation`.
    ///
    /// ```xml
    /// <LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>
    /// ```
    ///
    /// AWS says nothing for us-east-1 and `EU` for the oldest buckets of eu-west-1.
    public func location(ofBucket bucket: String) throws(S3Error) -> String {
        let (tree, _) = try document(
            Request(.get, .bucket(bucket), query: [QueryItem("location")]),
            operation: "GetBucketLocation", roots: ["LocationConstraint"])
        switch tree.text {
        case "": return "us-east-1"
        case "EU": return "eu-west-1"
        default: return tree.text
        }
    }
}
