extension Client {
    /// Sends a request whose answer is a small document with one of these roots, and reads it.
    ///
    /// An `Error` document in its place is an error whatever the status; bytes that are no XML are
    /// worth another attempt.
    func document(
        _ request: Request, operation: String, roots: [String], body: [UInt8] = [],
        transfer: TransferOptions = TransferOptions()
    ) throws(S3Error) -> (tree: XMLTree, answer: Answer) {
        let fault = Fault(operation: operation, resource: request.resource)
        var bytes: [UInt8] = []
        var document: XMLTree?
        let receiver = Receiver(
            begin: { _ in bytes.removeAll() },
            receive: { piece in
                guard bytes.count + piece.count <= XMLTree.maximumBytes else {
                    throw fault.error(.unacceptable, "AnswerTooLarge", "the answer has no end")
                }
                bytes.append(contentsOf: piece)
            },
            finish: { answer in
                let tree = try fault.tree(of: bytes, answer)
                if tree.name == "Error", let inner = ErrorAnswer(tree) {
                    throw fault.error(inner, answer)
                }
                guard roots.contains(tree.name) else {
                    throw fault.error(
                        .unacceptable, "InvalidAnswer",
                        "the answer is no \(roots[0]) but <\(shortened(tree.name))>")
                }
                document = tree
            })
        let answer = try perform(
            request, operation: operation, body: body, receiver: receiver, transfer: transfer)
        guard let document else {
            throw fault.error(.unacceptable, "InvalidAnswer", "the answer is empty")
        }
        return (document, answer)
    }
}

extension Fault {
    /// The document of a successful answer; throws a passing error for bytes that are none.
    func tree(of bytes: [UInt8], _ answer: Answer) throws(S3Error) -> XMLTree {
        do throws(XMLProblem) {
            return try XMLTree(bytes)
        } catch {
            var result = self.error(
                .unacceptable, "InvalidAnswer", error.message, isTransient: error.kind != .limit)
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
