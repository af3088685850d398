/// Whether there is a bucket of a name.
public enum BucketPresence: Sendable, Hashable {
    /// There is, and it may be listed.
    case present
    /// There is none.
    case missing
    /// There is one that may not be listed: somebody else's, most likely.
    case forbidden
}

extension Client {
    /// Asks whether there is a bucket; needs `s3:ListBucket`. Moves the client to the bucket's
    /// region.
    public func presence(ofBucket bucket: String) throws(S3Error) -> BucketPresence {
        do throws(S3Error) {
            _ = try perform(Request(.head, .bucket(bucket)), operation: "HeadBucket")
            return .present
        } catch {
            switch error.status {
            case 404: return .missing
            case 403: return .forbidden
            default: throw error
            }
        }
    }
}
