public import CivilTime
public import S3

/// A listing that was saved before, in files, directories or standard input.
///
/// What a file holds is seen from its first bytes, and all files hold the same:
///
/// - ListVersionsResult XML pages, checked as those of a bucket are: the same bucket, under the
///   prefix, one after the other without a gap, and the last one really the last;
/// - the JSON that `aws s3api list-object-versions` prints, whose versions and delete markers are
///   sorted together by key and date, markers last in a tie;
/// - the rows of an S3 Inventory in CSV with their `manifest.json`, sorted by key and date, in a
///   tie the current version first and markers last.
///
/// Any of them may be packed with gzip.
public struct OfflineListing: PageSource {
    private enum State {
        case unread([String])
        case pages(SavedPages)
        case sorted(SortedVersions)
    }

    private var state: State
    private let bucket: String
    private let prefix: [UInt8]
    private let now: Timestamp

    /// Opens nothing yet; `paths` are files, directories (their files in name order) and `-`.
    /// `now` decides whether a lock that the listing states still holds.
    public init(paths: [String], bucket: String, prefix: [UInt8], now: Timestamp) throws {
        state = .unread(try paths.flatMap(ListingPaths.files))
        self.bucket = bucket
        self.prefix = prefix
        self.now = now
    }

    /// The next page, or `nil` after the last one.
    public mutating func nextPage() throws -> VersionPage? {
        switch state {
        case .unread(let paths):
            state = try read(paths)
            return try nextPage()
        case .pages(var pages):
            let page = try pages.nextPage()
            state = .pages(pages)
            return page
        case .sorted(let versions): return try versions.nextPage()
        }
    }

    private func read(_ paths: [String]) throws -> State {
        let files = try paths.map(SavedFile.init)
        if let inventory = try Inventory(files, bucket: bucket) {
            return .sorted(try sorted(inventory))
        }
        guard let first = files.first else {
            throw ListingError("no files to read a listing from")
        }
        for file in files where file.content != first.content {
            throw ListingError(
                "\(file.content.words), where \(first.name) holds \(first.content.words)",
                place: file.name, hint: "one run reads one listing in one format")
        }
        switch first.content {
        case .empty, .xml:
            return .pages(SavedPages(files: files, bucket: bucket, prefix: prefix))
        case .json: return .sorted(try sortedJSON(files))
        default: throw refusal(of: first)
        }
    }

    private func sortedJSON(_ files: [SavedFile]) throws -> SortedVersions {
        let sorter = VersionSorter(ties: .listed)
        let listing = VersionsJSON(bucket: bucket, prefix: prefix, sorter: sorter)
        for file in files { try listing.read(try file.open()) }
        try listing.finish()
        return try sorter.finish()
    }

    private func sorted(_ inventory: Inventory) throws -> SortedVersions {
        let sorter = VersionSorter(ties: .unlisted)
        try inventory.read(
            into: InventoryRows(
                columns: inventory.columns, bucket: bucket, prefix: prefix, now: now,
                sorter: sorter))
        return try sorter.finish()
    }

    private func refusal(of file: SavedFile) -> ListingError {
        guard file.content == .text || file.content == .checksum else {
            return ListingError(
                "\(file.content.words), which is not read", place: file.name,
                hint: InventoryManifest.formatHint)
        }
        return ListingError(
            "text without a manifest.json that names its columns", place: file.name,
            hint: "of S3 Inventory, give the manifest.json as well; other listings are XML pages or"
                + " the JSON of 'aws s3api list-object-versions'")
    }
}

extension ListingError {
    /// What is wrong with a page, and where it came from.
    public init(_ problem: ListingProblem, place: String) {
        self.init("\(problem)", place: place, hint: Self.hint(for: problem.code))
    }

    private static func hint(for code: ListingProblem.Code) -> String? {
        switch code {
        case .incomplete: "list the bucket again, to the last page"
        case .otherBucket: "name the policy of that bucket, or list the policy's bucket"
        case .notAListing: "a saved listing is the XML of ListObjectVersions, page by page"
        case .outsidePrefix: "list with the prefix of the policy"
        default: nil
        }
    }
}
