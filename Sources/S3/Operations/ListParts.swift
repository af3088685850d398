/// One part of a multipart upload, as the server has it.
public struct UploadedPart: Hashable, Sendable {
    /// The part's number, 1 ... 10,000.
    public var number: Int
    /// The entity tag, without quotes.
    public var etag: String
    /// The size in bytes.
    public var size: Int64
}

extension Client {
    /// The parts of an incomplete upload; needs `s3:ListMultipartUploadParts`.
    ///
    /// ```xml
    /// <ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Bucket>acme-backups</Bucket><Key>db/m.sql.gz</Key><UploadId>YW55</UploadId>
    ///   <PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>2</NextPartNumberMarker>
    ///   <IsTruncated>false</IsTruncated>
    ///   <Part>
    ///     <PartNumber>1</PartNumber><LastModified>2026-11-10T20:48:34.000Z</LastModified>
    ///     <ETag>"7778aef83f66abc1fa1e8477f296d394"</ETag><Size>10485760</Size>
    ///   </Part>
    /// </ListPartsResult>
    /// ```
    ///
    /// moto calls the document `ListPartsResponse`.
    public func parts(
        ofUpload uploadID: String, key: [UInt8], bucket: String
    ) throws(S3Error) -> [UploadedPart] {
        let resource = Request.Resource.object(bucket: bucket, key: key)
        let fault = Fault(operation: "ListParts", resource: resource)
        var parts: [UploadedPart] = []
        while true {
            var query = [QueryItem("uploadId", uploadID)]
            if let last = parts.last {
                query.append(QueryItem("part-number-marker", String(last.number)))
            }
            let (tree, _) = try document(
                Request(.get, resource, query: query), operation: "ListParts",
                roots: ["ListPartsResult", "ListPartsResponse"])
            let before = parts.last?.number ?? 0
            for element in tree.children where element.name == "Part" {
                guard let part = UploadedPart(element), part.number > parts.last?.number ?? 0 else {
                    throw fault.error(.unacceptable, "InvalidAnswer", "a Part that is none")
                }
                parts.append(part)
            }
            switch tree["IsTruncated"]?.text {
            case "false": return parts
            case "true" where parts.last?.number ?? 0 > before: continue
            default:
                throw fault.error(
                    .unacceptable, "ListingDoesNotAdvance", "truncated, but without more parts")
            }
        }
    }
}

extension UploadedPart {
    fileprivate init?(_ element: XMLTree) {
        guard let number = element["PartNumber"].flatMap({ Int($0.text) }),
            (1...10_000).contains(number), let size = element["Size"].flatMap({ Int64($0.text) }),
            size >= 0
        else { return nil }
        self.init(number: number, etag: unquoted(element["ETag"]?.text ?? ""), size: size)
    }
}

/// An entity tag without its quotes.
func unquoted(_ etag: String) -> String {
    etag.count >= 2 && etag.hasPrefix("\"") && etag.hasSuffix("\"")
        ? String(etag.dropFirst().dropLast()) : etag
}
