internal import S3

/// The manifest of an S3 Inventory: its columns and its files.
///
/// ```json
/// {
///   "sourceBucket": "acme-backups", "destinationBucket": "arn:aws:s3:::inventories",
///   "version": "2016-11-30", "creationTimestamp": "1763949600000", "fileFormat": "CSV",
///   "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate",
///   "files": [
///     { "key": "acme-backups/nightly/data/939c6d46.csv.gz", "size": 2147483647,
///       "MD5checksum": "f11166069f1990abeb9c97ace9cdfabc" }
///   ]
/// }
/// ```
///
/// Without `files` it gives the columns alone: whatever rows are given with it are read unchecked.
struct InventoryManifest {
    /// One file of rows.
    struct File: Equatable {
        /// The last component of its key.
        var name: String
        /// Its length in bytes, packed as it is.
        var size: Int64
        /// Its MD5 in lowercase hex digits.
        var md5: String
    }

    let columns: InventoryColumns
    /// The files of rows, nil where the manifest names none.
    let files: [File]?
    /// The MD5 of the manifest itself in lowercase hex digits.
    let md5: String

    /// The members of the top that are read.
    private struct Members {
        var texts: [String: String] = [:]
        var files: [File]?
    }

    private static let textNames: Set<String> = ["sourceBucket", "fileFormat", "fileSchema"]

    /// Reads a manifest; throws unless it is of `bucket` and its rows are CSV.
    init(_ file: ListingFile, bucket: String) throws {
        let name = file.name
        let digest = DigestingInput(file)
        let scanner = JSONScanner(ListingText(ListingFile(name: name, input: digest)))
        let members: Members
        do {
            try scanner.skipMark()
            members = try Self.members(scanner)
        } catch let problem as JSONProblem {
            throw ListingError(
                problem.message, place: "\(name), byte \(problem.offset + 1)",
                hint: "download the inventory again")
        }
        md5 = digest.md5
        try Self.check(members, bucket: bucket, place: name)
        guard let schema = members.texts["fileSchema"] else {
            throw ListingError("the manifest has no fileSchema", place: name)
        }
        columns = try InventoryColumns(schema: schema, place: name)
        guard members.texts["sourceBucket"] != nil || columns.bucket != nil else {
            throw ListingError("the manifest does not say of which bucket it is", place: name)
        }
        files = members.files
        if let files, Set(files.map(\.name)).count < files.count {
            throw ListingError("the manifest names a file twice", place: name)
        }
    }

    private static func check(_ members: Members, bucket: String, place: String) throws {
        if let source = members.texts["sourceBucket"], source != bucket {
            throw ListingError(
                "the inventory is of bucket \"\(source)\", not \"\(bucket)\"", place: place,
                hint: "name the policy of that bucket, or give the inventory of the policy's bucket"
            )
        }
        if let format = members.texts["fileFormat"], format != "CSV" {
            throw ListingError(
                "the inventory is in \(format), which is not read", place: place,
                hint: formatHint)
        }
    }

    /// What to do about an inventory in another format.
    static let formatHint =
        "let S3 write the inventory as CSV (\"Format\": \"CSV\" in its configuration)"

    // MARK: Reading

    private static func members(_ scanner: JSONScanner) throws -> Members {
        var members = Members()
        try scanner.open(UInt8(ascii: "{"))
        var isFirst = true
        while try scanner.next(isFirst: isFirst, closing: UInt8(ascii: "}")) {
            isFirst = false
            let name = String(decoding: try scanner.name(), as: UTF8.self)
            if textNames.contains(name) {
                guard members.texts[name] == nil else { throw scanner.problem("a second \(name)") }
                members.texts[name] = String(decoding: try scanner.string(), as: UTF8.self)
            } else if name == "files" {
                guard members.files == nil else { throw scanner.problem("a second \(name)") }
                members.files = try files(scanner)
            } else {
                try scanner.skip()
            }
        }
        guard try scanner.peek() == nil else {
            throw scanner.problem("text behind the end of the manifest")
        }
        return members
    }

    private static func files(_ scanner: JSONScanner) throws -> [File] {
        var files: [File] = []
        try scanner.open(UInt8(ascii: "["))
        while try scanner.next(isFirst: files.isEmpty, closing: UInt8(ascii: "]")) {
            files.append(try file(scanner))
        }
        return files
    }

    private static func file(_ scanner: JSONScanner) throws -> File {
        var texts: [String: String] = [:]
        var size: Int64?
        try scanner.open(UInt8(ascii: "{"))
        var isFirst = true
        while try scanner.next(isFirst: isFirst, closing: UInt8(ascii: "}")) {
            isFirst = false
            let name = String(decoding: try scanner.name(), as: UTF8.self)
            if name == "key" || name == "MD5checksum" {
                guard texts[name] == nil else { throw scanner.problem("a second \(name)") }
                texts[name] = String(decoding: try scanner.string(), as: UTF8.self)
            } else if name == "size" {
                guard size == nil, let value = try scanner.size() else {
                    throw scanner.problem("not a size in bytes")
                }
                size = value
            } else {
                try scanner.skip()
            }
        }
        guard let key = texts["key"], let size, let md5 = texts["MD5checksum"]?.lowercased(),
            md5.utf8.count == 32
        else { throw scanner.problem("a file without key, size or MD5checksum") }
        let last = key.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init)
        guard let last, last != "", last != ".", last != "..", !last.utf8.contains(0) else {
            throw scanner.problem("a file without a name")
        }
        return File(name: last, size: size, md5: md5)
    }
}

/// Hands on the bytes of a file and takes their MD5.
private final class DigestingInput: ListingInput {
    private let file: ListingFile
    private let digest = Digest(.md5)

    init(_ file: ListingFile) { self.file = file }

    /// The MD5 of what was read so far; the next byte begins another one.
    var md5: String { digest.finishText() }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try file.read(buffer)
        digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }
}
