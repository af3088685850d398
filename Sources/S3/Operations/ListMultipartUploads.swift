public import CivilTime

/// A multipart upload that was begun and neither completed nor aborted: its parts are stored and
/// paid for, and no listing of versions shows them.
public struct MultipartUpload: Hashable, Sendable {
    /// The key it would become a version of.
    public var key: [UInt8]
    /// Its id, which names it together with the key.
    public var id: String
    /// When it was begun.
    public var initiated: Timestamp
    /// The storage class it was begun with; empty if the server does not say.
    public var storageClass: String
}

/// The incomplete uploads of a bucket at one moment.
public struct MultipartUploadList: Sendable {
    /// In the order of the answers.
    public var uploads: [MultipartUpload]
    /// The server's clock with its first answer: the `Date` header.
    public var date: Timestamp?
    /// The local clock when that answer was there.
    public var received: Timestamp?
}

extension Client {
    /// All incomplete uploads of keys that begin with `prefix`, in the order of the answers; needs
    /// `s3:ListBucketMultipartUploads`.
    ///
    /// ```xml
    /// <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Bucket>acme-backups</Bucket><KeyMarker/><UploadIdMarker/>
    ///   <NextKeyMarker>db/m.sql.gz</NextKeyMarker><NextUploadIdMarker>YW55</NextUploadIdMarker>
    ///   <EncodingType>url</EncodingType><MaxUploads>1000</MaxUploads>
    ///   <IsTruncated>true</IsTruncated>
    ///   <Upload>
    ///     <Key>db/m.sql.gz</Key><UploadId>YW55</UploadId>
    ///     <Initiated>2026-11-10T20:48:33.000Z</Initiated>
    ///     <StorageClass>STANDARD</StorageClass>
    ///   </Upload>
    /// </ListMultipartUploadsResult>
    /// ```
    public func multipartUploads(
        inBucket bucket: String, prefix: [UInt8]
    ) throws(S3Error) -> MultipartUploadList {
        var list = MultipartUploadList(uploads: [])
        var seen: Set<[[UInt8]]> = []
        var markers: [QueryItem] = []
        while true {
            var query = [QueryItem("uploads"), QueryItem("encoding-type", "url")] + markers
            if !prefix.isEmpty { query.append(QueryItem("prefix", prefix)) }
            let (page, date) = try multipartUploadPage(bucket, query)
            try page.check(bucket: bucket, prefix: prefix)
            if markers.isEmpty {
                list.date = date
                list.received = options.clock()
            }
            list.uploads += page.uploads
            guard let next = page.next else { return list }
            guard seen.insert([next.key, Array(next.id.utf8)]).inserted else {
                throw page.fault.error(
                    .unacceptable, "ListingDoesNotAdvance", "the same marker a second time")
            }
            markers = [QueryItem("key-marker", next.key), QueryItem("upload-id-marker", next.id)]
        }
    }

    private func multipartUploadPage(
        _ bucket: String, _ query: [QueryItem]
    ) throws(S3Error) -> (UploadPage, Timestamp?) {
        let operation = "ListMultipartUploads"
        let (tree, answer) = try document(
            Request(.get, .bucket(bucket), query: query), operation: operation,
            roots: ["ListMultipartUploadsResult"])
        let fault = Fault(operation: operation, resource: .bucket(bucket))
        return (try UploadPage(tree, fault), answer.date)
    }
}

/// One page of incomplete uploads.
struct UploadPage {
    let fault: Fault
    let bucket: String?
    var uploads: [MultipartUpload] = []
    var next: (key: [UInt8], id: String)?

    init(_ tree: XMLTree, _ fault: Fault) throws(S3Error) {
        self.fault = fault
        bucket = tree["Bucket"]?.text
        let isEncoded = UploadPage.isEncoded(tree)
        func decoded(_ text: String?) throws(S3Error) -> [UInt8] {
            let bytes = Array((text ?? "").utf8)
            guard let key = isEncoded ? URLDecoding.decode(bytes) : bytes, !key.isEmpty else {
                throw UploadPage.unacceptable(fault, "a key that is none")
            }
            return key
        }
        for element in tree.children where element.name == "Upload" {
            guard let id = element["UploadId"]?.text, !id.isEmpty,
                let initiated = element["Initiated"].flatMap({ Timestamp(rfc3339: $0.text) })
            else { throw UploadPage.unacceptable(fault, "an Upload without UploadId or Initiated") }
            uploads.append(
                MultipartUpload(
                    key: try decoded(element["Key"]?.text), id: id, initiated: initiated,
                    storageClass: element["StorageClass"]?.text ?? ""))
        }
        switch tree["IsTruncated"]?.text {
        case "false": next = nil
        case "true":
            let raw = Array((tree["NextKeyMarker"]?.text ?? "").utf8)
            let id = tree["NextUploadIdMarker"]?.text ?? ""
            // Like NextKeyMarker of a listing of versions, some servers leave it unencoded.
            let isLast = uploads.last?.key == raw
            next = (isLast ? raw : try decoded(tree["NextKeyMarker"]?.text), id)
        default: throw UploadPage.unacceptable(fault, "IsTruncated is neither true nor false")
        }
    }

    /// Whether the keys of an answer are URL-encoded.
    ///
    /// Ceph encodes them as asked but does not say so, and leaves the marker as it is; others neither
    /// say nor do it. Where nothing is said, the marker tells, which is the last key, else the look
    /// of the keys. A wrong guess would name an upload that is not there and harm none.
    private static func isEncoded(_ tree: XMLTree) -> Bool {
        if let type = tree["EncodingType"]?.text { return type == "url" }
        let keys = tree.children.filter { $0.name == "Upload" }.map { $0["Key"]?.text ?? "" }
        if let last = keys.last, last.contains("%"), let marker = tree["NextKeyMarker"]?.text,
            !marker.isEmpty
        {
            return last != marker
        }
        return keys.contains { $0.contains("%") } && keys.allSatisfy(looksEncoded)
    }

    private static func looksEncoded(_ key: String) -> Bool {
        let plain = key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"), UInt8(ascii: "%"):
                true
            default: false
            }
        }
        return plain && URLDecoding.decode(Array(key.utf8)) != nil
    }

    func check(bucket expected: String, prefix: [UInt8]) throws(S3Error) {
        if let bucket, bucket != expected {
            throw UploadPage.unacceptable(fault, "the answer is about another bucket")
        }
        for upload in uploads where !upload.key.starts(with: prefix) {
            throw UploadPage.unacceptable(fault, "a key outside the prefix: \(quoted(upload.key))")
        }
    }

    private static func unacceptable(_ fault: Fault, _ message: String) -> S3Error {
        fault.error(.unacceptable, "InvalidAnswer", message)
    }
}
