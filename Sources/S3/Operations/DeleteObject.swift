extension Client {
    /// Deletes exactly this version; needs `s3:DeleteObjectVersion`. For keys that XML cannot
    /// carry, and for servers that refuse batches.
    ///
    /// The answer has no body; `x-amz-version-id` says what was deleted. Throws if the request
    /// failed; with `effectUnknown` the version may be gone.
    public func delete(
        _ version: ObjectVersion, inBucket bucket: String
    ) throws(S3Error) -> DeletionAnswer {
        let request = Request(
            .delete, .object(bucket: bucket, key: version.key),
            query: [QueryItem("versionId", version.id.bytes)])
        do throws(S3Error) {
            let answer = try perform(request, operation: "DeleteObject")
            return DeletionAnswer(answer, to: version)
        } catch {
            guard error.cause == .answer, Client.codesAboutVersion.contains(error.code) else {
                throw error
            }
            let fate = DeletionFate(
                code: error.code, message: error.message, requestID: error.requestID)
            return DeletionAnswer(fates: [fate])
        }
    }
}

extension Client {
    /// What a server says of one version, and not of the request, the bucket or the credentials.
    fileprivate static let codesAboutVersion: Set<String> = [
        "AccessDenied", "InvalidRequest", "MethodNotAllowed", "NoSuchKey", "NoSuchVersion",
        "ObjectLocked",
    ]
}

extension DeletionAnswer {
    /// Reads the answer to a single deletion.
    init(_ answer: Answer, to version: ObjectVersion) {
        let deleted = answer["x-amz-version-id"].flatMap { VersionID($0) }
        if deleted == version.id {
            self.init(fates: [.deleted])
        } else if deleted != nil || answer["x-amz-delete-marker"] == "true" {
            self.init(
                fates: [.unknown],
                stop: "the server ignored the version id and deleted what was current: key "
                    + quoted(version.key))
        } else {
            // It does not say what it did.
            self.init(fates: [.unknown])
        }
    }
}
