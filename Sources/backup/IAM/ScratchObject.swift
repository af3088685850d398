import CivilTime
import S3

/// The object that rights are tried on, and the requests that try them. None of them changes
/// anything but this one key, even where it is admitted.
final class ScratchObject {
    /// Of a bucket, the keys that begin with a prefix.
    let place: S3Location
    private let client: Client
    /// A version that was stored to try reading on; it stays, as no uploader can delete it.
    private(set) var stored: VersionID?
    /// Whether something was stored at all; a server may not tell its version.
    private(set) var isStored = false
    /// Whether a delete marker was put on the scratch key.
    private(set) var leftMarker = false

    /// The client must send each request once only: some are made to fail.
    init(client: Client, place: S3Location) {
        self.client = client
        self.place = place
    }

    static let name = ".backup-iam-check"
    static let content = Array("backup iam --check\n".utf8)

    /// The ACL of forms for this server.
    var usualACL: String { client.endpoint.usualACL.rawValue }

    /// The prefix and a name that no backup has.
    var key: [UInt8] { place.key + Self.name.utf8 }

    /// A key outside of the prefix; nil if there is no prefix to be outside of.
    var outsideKey: [UInt8]? {
        guard let first = place.key.first else { return nil }
        let other = first == UInt8(ascii: "-") ? "~" : "-"
        return Array("\(other)\(Self.name)".utf8)
    }

    private func send(
        _ method: Request.Method, _ resource: Request.Resource, _ query: [QueryItem] = [],
        headers: [Header] = [], body: [UInt8] = [], _ operation: String
    ) throws {
        _ = try client.perform(
            Request(
                method, resource, query: query, headers: headers,
                payload: body.isEmpty ? .empty : .hashing(body)), operation: operation, body: body)
    }

    private var object: Request.Resource { .object(bucket: place.bucket, key: key) }
    private var bucket: Request.Resource { .bucket(place.bucket) }

    /// Stores the scratch object: a new version that stays.
    func put(headers: [Header] = []) throws {
        let md5 = Base64.encode(Digest.hash(Self.content, .md5))
        let answer = try client.perform(
            Request(
                .put, object, headers: [Header("Content-MD5", md5)] + headers,
                payload: .hashing(Self.content)), operation: "PutObject", body: Self.content)
        isStored = true
        stored = answer["x-amz-version-id"].flatMap { VersionID($0) }
    }

    /// Asks to store something whose checksum does not agree: admitted or not, nothing is stored.
    func putNothing(key: [UInt8]? = nil, headers: [Header] = []) throws {
        let wrong = Base64.encode(Digest.hash([0], .md5))
        try send(
            .put, .object(bucket: place.bucket, key: key ?? self.key),
            headers: [Header("Content-MD5", wrong)] + headers, body: Self.content, "PutObject")
    }

    /// Begins a multipart upload and aborts it.
    func beginAndAbort() throws {
        let upload = try client.createMultipartUpload(key: key, bucket: place.bucket)
        try client.abort(uploadID: upload.id, key: key, bucket: place.bucket)
    }

    /// Aborts an upload that does not exist.
    func abortNothing() throws {
        try send(
            .delete, object, [QueryItem("uploadId", "no-such-upload")], "AbortMultipartUpload")
    }

    /// Asks for the first byte of an object.
    func read(_ key: [UInt8], _ version: VersionID? = nil) throws {
        var isAdmitted = false
        let receiver = Receiver(
            begin: { _ in
                isAdmitted = true
                throw Enough()
            }, receive: { _ in })
        do {
            _ = try client.perform(
                Request(
                    .get, .object(bucket: place.bucket, key: key),
                    query: version.map { [QueryItem("versionId", $0.bytes)] } ?? [],
                    headers: [Header("Range", "bytes=0-0")]), operation: "GetObject",
                receiver: receiver)
        } catch {
            if !isAdmitted { throw error }
        }
    }

    /// What is read no further: the answer came.
    private struct Enough: Error {}

    /// Deletes the null version of the scratch key, which does not exist.
    func deleteNoVersion() throws {
        try send(.delete, object, [QueryItem("versionId", "null")], "DeleteObject")
    }

    /// Deletes the scratch key if it has an entity tag that it does not have. A server that does
    /// not know the condition and admits it puts a delete marker on the scratch key.
    func deleteOnCondition() throws {
        let tag = "\"" + String(repeating: "0", count: 32) + "\""
        try send(.delete, object, headers: [Header("If-Match", tag)], "DeleteObject")
        leftMarker = true
    }

    /// Gives the scratch object the ACL that it has.
    func putSameACL() throws {
        try send(
            .put, object, [QueryItem("acl")], headers: [Header("x-amz-acl", "private")],
            "PutObjectAcl")
    }

    /// Gives the scratch object the tags that it has: none.
    func putNoTags() throws {
        try send(document: "<Tagging><TagSet></TagSet></Tagging>", "tagging", "PutObjectTagging")
    }

    /// Asks for a retention that ended long ago, which S3 refuses.
    func putPastRetention() throws {
        try send(
            document: "<Retention><Mode>GOVERNANCE</Mode>"
                + "<RetainUntilDate>2001-01-01T00:00:00Z</RetainUntilDate></Retention>",
            "retention", "PutObjectRetention")
    }

    /// Takes a legal hold off that is not there.
    func putNoLegalHold() throws {
        try send(
            document: "<LegalHold><Status>OFF</Status></LegalHold>", "legal-hold",
            "PutObjectLegalHold")
    }

    private func send(document: String, _ query: String, _ operation: String) throws {
        let body = Array(document.utf8)
        let md5 = Base64.encode(Digest.hash(body, .md5))
        try send(
            .put, object, [QueryItem(query)], headers: [Header("Content-MD5", md5)], body: body,
            operation)
    }

    /// Reads a setting of the bucket.
    func get(_ setting: String, _ operation: String) throws {
        try send(.get, bucket, [QueryItem(setting)], operation)
    }

    /// Sends a setting of the bucket that is no document: admitted or not, nothing changes.
    func putNoSetting(_ setting: String, _ operation: String) throws {
        let body = Array("no document".utf8)
        let md5 = Base64.encode(Digest.hash(body, .md5))
        try send(
            .put, bucket, [QueryItem(setting)], headers: [Header("Content-MD5", md5)], body: body,
            operation)
    }

    /// Asks for one entry of a listing of the keys below the prefix.
    func list(_ query: [QueryItem], limit: String, _ operation: String) throws {
        var query = query + [QueryItem(limit, "1")]
        if !place.key.isEmpty { query.append(QueryItem("prefix", place.key)) }
        try send(.get, bucket, query, operation)
    }

    /// A current version of another key below the prefix, to try reading on; nil where none of the
    /// first thousand is one.
    func anotherVersion() throws -> ObjectVersion? {
        var lister = VersionLister(client: client, bucket: place.bucket, prefix: place.key)
        guard let page = try lister.nextPage(),
            let entry = page.entries.first(where: {
                $0.isLatest && !$0.isMarker && !page.key(of: $0).elementsEqual(key)
            }), let id = VersionID(page.versionID(of: entry))
        else { return nil }
        return ObjectVersion(key: Array(page.key(of: entry)), id: id)
    }
}
