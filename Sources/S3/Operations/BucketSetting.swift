extension Client {
    /// Reads one setting of a bucket, a document with one of these roots; nil where the server says, with
    /// one of `codesOfNone`, that there is no such setting.
    ///
    /// Throws with `isNotImplemented` where the server does not know the setting: it refuses the
    /// request as such, or answers as if it had asked for the bucket's keys.
    func setting(
        _ subresource: String, ofBucket bucket: String, operation: String, roots: [String],
        codesOfNone: Set<String> = []
    ) throws(S3Error) -> (tree: XMLTree, answer: Answer, bytes: [UInt8])? {
        let request = Request(.get, .bucket(bucket), query: [QueryItem(subresource)])
        let fault = Fault(operation: operation, resource: request.resource)
        do throws(S3Error) {
            let found = try documentBytes(
                request, operation: operation, roots: roots + [Client.rootOfKeys])
            guard found.tree.name != Client.rootOfKeys else { throw fault.notImplemented() }
            return found
        } catch {
            if codesOfNone.contains(error.code) { return nil }
            throw fault.about(setting: error)
        }
    }

    /// Writes one setting of a bucket. Throws with `isNotImplemented` as `setting` does.
    ///
    /// A server that overlooks the subresource may take this for the creation of the bucket, which
    /// it has, and call it a success: read the setting first.
    func set(
        _ subresource: String, ofBucket bucket: String, operation: String, _ body: [UInt8],
        headers: [Header] = []
    ) throws(S3Error) {
        let request = Request(
            .put, .bucket(bucket), query: [QueryItem(subresource)],
            headers: [
                Header("Content-MD5", Base64.encode(Digest.hash(body, .md5))),
                Header("Content-Type", "application/xml"),
            ] + headers, payload: .hashing(body))
        do throws(S3Error) {
            _ = try perform(request, operation: operation, body: body)
        } catch {
            throw Fault(operation: operation, resource: request.resource).about(setting: error)
        }
    }

    private static let rootOfKeys = "ListBucketResult"
}

extension Fault {
    /// A server that does not have what was asked for.
    func notImplemented() -> S3Error {
        error(.answer, S3Error.codeOfNotImplemented, "this server does not have this setting")
    }

    /// The same error, under one code for all ways of not knowing a setting.
    fileprivate func about(setting error: S3Error) -> S3Error {
        guard error.cause == .answer, error.status == 501 || error.status == 405 else {
            return error
        }
        var result = notImplemented()
        result.status = error.status
        result.requestID = error.requestID
        return result
    }
}

extension S3Error {
    static let codeOfNotImplemented = "NotImplemented"

    /// Whether the server has no such operation or setting.
    public var isNotImplemented: Bool { code == S3Error.codeOfNotImplemented }
}
