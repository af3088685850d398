extension Client {
    /// Stores a whole object with one request; needs `s3:PutObject`. At most 5 GiB.
    ///
    /// The server gets SHA-256 and MD5 of the body, with `sendsCRC64NVME` that checksum too, and
    /// its entity tag must agree. `body` is sent from where it lies. An answer that is lost is
    /// asked for again: where the bucket keeps versions there may then be two alike
    /// (`mayHaveTwin`). One that confirms other bytes is asked for once more
    /// (`mayHaveDamagedTwin`). Throws if nothing was stored; with `effectUnknown` it may have been.
    public func putObject(
        _ body: UnsafeRawBufferPointer, key: [UInt8], bucket: String,
        attributes: ObjectAttributes = ObjectAttributes()
    ) throws(S3Error) -> StoredObject {
        let resource = Request.Resource.object(bucket: bucket, key: key)
        let fault = Fault(operation: "PutObject", resource: resource)
        let digests = BodyDigests(of: body, withCRC: sendsCRC64NVME)
        let request = Request(
            .put, resource, headers: try fault.headers(of: attributes) + digests.headers,
            payload: digests.payload)
        var transfer = TransferOptions()
        // Sent silently again it could become a second version.
        transfer.needsFreshConnection = true
        // A refusal, or another region, is told before a large body is on its way.
        transfer.asksBeforeSending = true
        // Each attempt is a version.
        transfer.mostMismatches = 2
        let answer = try store(
            request, fault, body: body, digests: digests, hasMD5Tag: attributes.hasMD5Tags,
            transfer: transfer)
        return StoredObject(
            versionID: answer["x-amz-version-id"].flatMap { VersionID($0) },
            etag: unquoted(answer["etag"] ?? ""), crc64nvme: answer["x-amz-checksum-crc64nvme"],
            mayHaveTwin: answer.mayHaveActedTwice,
            mayHaveDamagedTwin: answer.mayHaveLeftOtherBytes)
    }

    /// Sends a body whose answer is headers alone, until the server confirms that it has exactly
    /// these bytes. An answer that says otherwise is a fault that may pass.
    func store(
        _ request: Request, _ fault: Fault, body: UnsafeRawBufferPointer, digests: BodyDigests,
        hasMD5Tag: Bool, transfer: TransferOptions
    ) throws(S3Error) -> Answer {
        // What else the answer holds is not looked at, but it must end.
        var count = 0
        let receiver = Receiver(
            begin: { _ in count = 0 },
            receive: { bytes in
                count += bytes.count
                guard count <= XMLTree.maximumBytes else {
                    throw fault.error(.unacceptable, "AnswerTooLarge", "the answer has no end")
                }
            },
            finish: { try fault.check($0, digests, hasMD5Tag: hasMD5Tag) })
        return try perform(
            request, operation: fault.operation, body: body, receiver: receiver,
            transfer: transfer)
    }
}

extension Fault {
    /// The headers of attributes; throws for such as cannot be sent.
    func headers(of attributes: ObjectAttributes) throws(S3Error) -> [Header] {
        do throws(RequestError) {
            return try attributes.headers()
        } catch {
            throw self.error(error)
        }
    }

    /// Throws unless the server confirms the bytes that were sent.
    ///
    /// The entity tag is their MD5 unless a key of the Key Management Service or of the client
    /// encrypts them. Source: Amazon S3 API Reference, "Object", `ETag`.
    fileprivate func check(
        _ answer: Answer, _ digests: BodyDigests, hasMD5Tag: Bool
    ) throws(S3Error) {
        let etag = unquoted(answer["etag"] ?? "")
        guard !etag.isEmpty else {
            // A portal or a proxy, and no S3.
            throw refusal("InvalidAnswer", "the answer has no entity tag", answer)
        }
        if hasMD5Tag, answer.hasMD5Tag, etag.lowercased() != digests.md5Text {
            throw mismatch(
                "EntityTagMismatch",
                "the server has other bytes than were sent: its entity tag is \(etag), "
                    + "their MD5 \(digests.md5Text)", answer)
        }
        if let sent = digests.crc?.text, let stored = answer["x-amz-checksum-crc64nvme"],
            stored != sent
        {
            throw mismatch(
                "ChecksumMismatch",
                "the server has other bytes than were sent: their CRC64NVME there is \(stored), "
                    + "here \(sent)", answer)
        }
    }

    /// What may pass, or may be what this server always answers.
    private func mismatch(_ code: String, _ message: String, _ answer: Answer) -> S3Error {
        var result = refusal(code, message, answer)
        result.isTransient = true
        result.isMismatch = true
        result.hint =
            "a server whose entity tags are never the MD5 of the bytes cannot be told from one "
            + "that damages them"
        return result
    }

    private func refusal(_ code: String, _ message: String, _ answer: Answer) -> S3Error {
        var result = error(.unacceptable, code, message)
        result.status = answer.status
        result.requestID = answer.requestID
        result.effectUnknown = true
        return result
    }
}

extension Answer {
    /// Whether nothing in the answer says that the entity tag is no MD5.
    var hasMD5Tag: Bool {
        self["x-amz-server-side-encryption"].map { $0 == "AES256" } ?? true
            && self["x-amz-server-side-encryption-customer-algorithm"] == nil
    }
}
