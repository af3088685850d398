extension Client {
    /// Sends a request whose answer is a small document with one of these roots, and reads it.
    ///
    /// An `Error` document in its place is an error whatever the status; bytes that are no XML are
    /// worth another attempt.
    func document(
        _ request: Request, operation: String, roots: [String], body: [UInt8] = [],
        transfer: TransferOptions = TransferOptions(), maximumBytes: Int = XMLTree.maximumBytes
    ) throws(S3Error) -> (tree: XMLTree, answer: Answer) {
        let found = try documentBytes(
            request, operation: operation, roots: roots, body: body, transfer: transfer,
            maximumBytes: maximumBytes)
        return (found.tree, found.answer)
    }

    /// The same, with the document as it was sent.
    func documentBytes(
        _ request: Request, operation: String, roots: [String], body: [UInt8] = [],
        transfer: TransferOptions = TransferOptions(), maximumBytes: Int = XMLTree.maximumBytes
    ) throws(S3Error) -> (tree: XMLTree, answer: Answer, bytes: [UInt8]) {
        let fault = Fault(operation: operation, resource: request.resource)
        var bytes: [UInt8] = []
        var document: XMLTree?
        let receiver = Receiver(
            begin: { _ in bytes.removeAll() },
            receive: { piece in
                guard bytes.count + piece.count <= maximumBytes else {
                    throw fault.unreadable("AnswerTooLarge", "the answer has no end")
                }
                bytes.append(contentsOf: piece)
            },
            finish: { answer in
                let tree = try fault.tree(of: bytes, answer, maximumBytes)
                if tree.name == "Error", let inner = ErrorAnswer(tree) {
                    throw fault.error(inner, answer)
                }
                guard roots.contains(tree.name) else {
                    throw fault.unreadable(
                        "InvalidAnswer",
                        "the answer is no \(roots[0]) but <\(shortened(tree.name))>")
                }
                document = tree
            })
        let answer = try perform(
            request, operation: operation, body: body, receiver: receiver, transfer: transfer)
        guard let document else {
            throw fault.unreadable("InvalidAnswer", "the answer is empty")
        }
        return (document, answer, bytes)
    }
}

/// Whether a body begins as a page for people does, such as a portal's.
private func isHTML(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes.prefix(512), as: UTF8.self).lowercased()
    let start = text.drop { $0.isWhitespace || $0 == "\u{feff}" }
    return start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
}

extension Fault {
    /// An answer that says success and cannot be read: what was asked for may have happened.
    func unreadable(_ code: String, _ message: String) -> S3Error {
        var result = error(.unacceptable, code, message)
        result.effectUnknown = true
        return result
    }

    /// The document of a successful answer; throws a passing error for bytes that are none, but
    /// for a page: whoever answers so once answers so again. (To a completion it may come from a
    /// proxy that did pass the request on.)
    func tree(
        of bytes: [UInt8], _ answer: Answer, _ maximumBytes: Int = XMLTree.maximumBytes
    ) throws(S3Error) -> XMLTree {
        do throws(XMLProblem) {
            return try XMLTree(bytes, maximumBytes: maximumBytes)
        } catch {
            let isPage = isHTML(bytes) && operation != "CompleteMultipartUpload"
            var result = self.error(
                .unacceptable, "InvalidAnswer",
                isPage ? "the answer is a page of HTML: this is no S3" : error.message,
                isTransient: error.kind != .limit && !isPage)
            if isPage { result.hint = "check --endpoint-url, and whether a proxy wants a login" }
            result.status = answer.status
            result.requestID = answer.requestID
            result.effectUnknown = true
            throw result
        }
    }

    /// An `Error` document in an answer whose status says success.
    func error(_ inner: ErrorAnswer, _ answer: Answer) -> S3Error {
        var result = error(
            .answer, inner.code.isEmpty ? "InternalError" : inner.code, inner.message,
            isTransient: inner.isTransient || inner.code.isEmpty)
        result.status = answer.status
        result.requestID = inner.requestID ?? answer.requestID
        result.hostID = inner.hostID ?? answer["x-amz-id-2"]
        result.isThrottling = inner.isThrottling
        result.retryAfter = answer.retryAfter
        result.effectUnknown = inner.isTransient || inner.code.isEmpty
        return result
    }
}
