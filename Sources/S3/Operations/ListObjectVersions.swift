/// Lists the versions of a bucket, page by page, each checked whole before it is handed out.
///
/// A page that fails is asked for again while that may help; a listing that repeats, steps back or
/// ends early throws.
public struct VersionLister {
    private let client: Client
    private let bucket: String
    private let prefix: [UInt8]
    private let parser: VersionPageParser
    private var sequence = PageSequence()
    private var position: VersionPage.Position?
    private var isDone = false

    /// A listing of the keys that begin with `prefix`; nothing is sent yet.
    public init(client: Client, bucket: String, prefix: [UInt8]) {
        self.client = client
        self.bucket = bucket
        self.prefix = prefix
        parser = VersionPageParser(bucket: bucket, prefix: prefix)
    }

    /// The next page, or nil after the last one.
    ///
    /// Both markers are sent: the key alone would skip or repeat versions of it.
    public mutating func nextPage() throws -> VersionPage? {
        if isDone { return nil }
        // Directory buckets keep no versions and list in no order.
        if bucket.hasSuffix("--x-s3") {
            throw Fault(operation: "ListObjectVersions", resource: .bucket(bucket)).error(
                .request, "UnsupportedBucket", "a directory bucket keeps no versions")
        }
        var query = [QueryItem("versions"), QueryItem("encoding-type", "url")]
        if !prefix.isEmpty { query.append(QueryItem("prefix", prefix)) }
        if let position {
            query.append(QueryItem("key-marker", position.key))
            query.append(QueryItem("version-id-marker", position.versionID))
        }
        let parser = parser
        var page: VersionPage?
        let receiver = Receiver(
            begin: { _ in parser.reset() }, receive: { try parser.feed($0) },
            finish: { _ in page = try parser.finish() })
        let answer = try client.perform(
            Request(.get, .bucket(bucket), query: query), operation: "ListObjectVersions",
            receiver: receiver)
        guard var page else { return nil }
        page.date = answer.date
        page.requestID = answer.requestID
        try sequence.accept(page)
        position = page.next
        isDone = page.next == nil
        if isDone { try sequence.finish() }
        return page
    }
}
