extension Client {
    /// How a bucket encrypts what is stored without a word about it; nil if it does not. Needs
    /// `s3:GetEncryptionConfiguration`.
    ///
    /// ```xml
    /// <ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Rule>
    ///     <ApplyServerSideEncryptionByDefault>
    ///       <SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>1234</KMSMasterKeyID>
    ///     </ApplyServerSideEncryptionByDefault>
    ///     <BucketKeyEnabled>true</BucketKeyEnabled>
    ///   </Rule>
    /// </ServerSideEncryptionConfiguration>
    /// ```
    ///
    /// Ceph 16 does not have this setting.
    public func encryption(
        ofBucket bucket: String
    ) throws(S3Error) -> ObjectAttributes.Encryption? {
        let operation = "GetBucketEncryption"
        let found = try setting(
            "encryption", ofBucket: bucket, operation: operation,
            roots: ["ServerSideEncryptionConfiguration"],
            codesOfNone: ["ServerSideEncryptionConfigurationNotFoundError"])
        guard let rule = found?.tree["Rule"]?["ApplyServerSideEncryptionByDefault"] else {
            return nil
        }
        let text = rule["SSEAlgorithm"]?.text ?? ""
        guard let algorithm = ObjectAttributes.Encryption.Algorithm(rawValue: text) else {
            throw Fault(operation: operation, resource: .bucket(bucket)).error(
                .unacceptable, "InvalidAnswer",
                "an encryption that is unknown here: \(quoted(Array(text.utf8)))")
        }
        return ObjectAttributes.Encryption(algorithm, keyID: rule["KMSMasterKeyID"]?.text)
    }

    /// Says how a bucket encrypts what is stored without a word about it; needs
    /// `s3:PutEncryptionConfiguration`. Replaces the whole setting.
    ///
    /// With a key of the Key Management Service the bucket has one key of its own from it, which
    /// spares a request for every object.
    public func setEncryption(
        _ encryption: ObjectAttributes.Encryption, ofBucket bucket: String
    ) throws(S3Error) {
        var body = XMLText()
        body.raw(
            #"<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#)
        body.raw("<Rule><ApplyServerSideEncryptionByDefault>")
        body.element("SSEAlgorithm", encryption.algorithm.rawValue.utf8)
        if let keyID = encryption.keyID { body.element("KMSMasterKeyID", keyID.utf8) }
        body.raw("</ApplyServerSideEncryptionByDefault>")
        if encryption.algorithm == .kms { body.element("BucketKeyEnabled", "true".utf8) }
        body.raw("</Rule></ServerSideEncryptionConfiguration>")
        try set("encryption", ofBucket: bucket, operation: "PutBucketEncryption", body.bytes)
    }
}
