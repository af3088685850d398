extension Client {
    /// Throws away an incomplete upload; needs `s3:AbortMultipartUpload`. Parts that are still on
    /// their way may survive. An upload that is not there any more counts as aborted.
    public func abort(
        uploadID: String, key: [UInt8], bucket: String
    ) throws(S3Error) {
        let request = Request(
            .delete, .object(bucket: bucket, key: key), query: [QueryItem("uploadId", uploadID)])
        do throws(S3Error) {
            _ = try perform(request, operation: "AbortMultipartUpload")
        } catch {
            if error.code != "NoSuchUpload" { throw error }
        }
    }

    /// Throws away an upload that was begun here; see the other form.
    public func abort(_ upload: OpenUpload) throws(S3Error) {
        try abort(uploadID: upload.id, key: upload.key, bucket: upload.bucket)
    }
}
