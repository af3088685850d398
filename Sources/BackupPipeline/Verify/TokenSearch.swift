public import S3

extension KeyHistory {
    /// The newest version whose metadata bears the token of an upload; nil where none does.
    ///
    /// Asks about one version after the other; needs `s3:GetObjectVersion`. Metadata is the
    /// uploader's word: a token that only the uploader knows says which upload it was, not that
    /// the bytes are right.
    public func version(
        bearing token: String, at location: S3Location, through client: Client
    ) throws -> Version? {
        for version in versions where !version.isMarker {
            do throws(S3Error) {
                let info = try client.headObject(
                    location.key, bucket: location.bucket, versionID: version.id)
                if info.metadata["backup-token"] == token { return version }
            } catch {
                // Removed since it was listed: it is none to be found.
                guard error.status == 404 else { throw error }
            }
        }
        return nil
    }
}
