/// What a bucket does against being opened to everybody.
public struct PublicAccessBlock: Sendable, Hashable {
    /// Whether writes with a public ACL are refused.
    public var blocksACLs: Bool
    /// Whether public ACLs have no effect.
    public var ignoresACLs: Bool
    /// Whether a public bucket policy is refused.
    public var blocksPolicy: Bool
    /// Whether a public bucket policy opens the bucket to its own account and AWS only.
    public var restrictsBucket: Bool

    /// A block; without more it blocks nothing.
    public init(
        blocksACLs: Bool = false, ignoresACLs: Bool = false, blocksPolicy: Bool = false,
        restrictsBucket: Bool = false
    ) {
        self.blocksACLs = blocksACLs
        self.ignoresACLs = ignoresACLs
        self.blocksPolicy = blocksPolicy
        self.restrictsBucket = restrictsBucket
    }

    /// Everything, as AWS has it for new buckets.
    public static let all = PublicAccessBlock(
        blocksACLs: true, ignoresACLs: true, blocksPolicy: true, restrictsBucket: true)
}

extension Client {
    /// What a bucket does against being opened to everybody; needs
    /// `s3:GetBucketPublicAccessBlock`.
    ///
    /// ```xml
    /// <PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>
    ///   <BlockPublicPolicy>true</BlockPublicPolicy>
    ///   <RestrictPublicBuckets>true</RestrictPublicBuckets>
    /// </PublicAccessBlockConfiguration>
    /// ```
    ///
    /// Ceph 16 calls the document `BlockPublicAccessBlockConfiguration`.
    public func publicAccessBlock(ofBucket bucket: String) throws(S3Error) -> PublicAccessBlock {
        let found = try setting(
            "publicAccessBlock", ofBucket: bucket, operation: "GetPublicAccessBlock",
            roots: ["PublicAccessBlockConfiguration", "BlockPublicAccessBlockConfiguration"],
            codesOfNone: ["NoSuchPublicAccessBlockConfiguration"])
        guard let tree = found?.tree else { return PublicAccessBlock() }
        func isOn(_ name: String) -> Bool { tree[name]?.text.lowercased() == "true" }
        return PublicAccessBlock(
            blocksACLs: isOn("BlockPublicAcls"), ignoresACLs: isOn("IgnorePublicAcls"),
            blocksPolicy: isOn("BlockPublicPolicy"),
            restrictsBucket: isOn("RestrictPublicBuckets"))
    }

    /// Says what a bucket does against being opened to everybody; needs
    /// `s3:PutBucketPublicAccessBlock`.
    ///
    /// Ceph 16 with `blocksACLs` refuses every write of an object.
    public func setPublicAccessBlock(
        _ block: PublicAccessBlock, ofBucket bucket: String
    ) throws(S3Error) {
        var body = XMLText()
        body.raw(
            #"<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#)
        body.element("BlockPublicAcls", "\(block.blocksACLs)".utf8)
        body.element("IgnorePublicAcls", "\(block.ignoresACLs)".utf8)
        body.element("BlockPublicPolicy", "\(block.blocksPolicy)".utf8)
        body.element("RestrictPublicBuckets", "\(block.restrictsBucket)".utf8)
        body.raw("</PublicAccessBlockConfiguration>")
        try set(
            "publicAccessBlock", ofBucket: bucket, operation: "PutPublicAccessBlock", body.bytes)
    }
}
