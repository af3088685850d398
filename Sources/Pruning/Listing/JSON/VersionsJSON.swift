internal import Glibc
internal import S3

/// Reads what `aws s3api list-object-versions` prints.
///
/// ```json
/// {
///     "Versions": [
///         { "ETag": "\"d41d8cd98f00b204e9800998ecf8427e\"", "Size": 10,
///           "StorageClass": "STANDARD", "Key": "db/m.sql.gz", "VersionId": "8kX",
///           "IsLatest": true, "LastModified": "2026-09-03T01:00:00+00:00" }
///     ],
///     "DeleteMarkers": [
///         { "Key": "db/m.sql.gz", "VersionId": "7jW", "IsLatest": false,
///           "LastModified": "2026-09-02T01:00:00+00:00" }
///     ],
///     "RequestCharged": null
/// }
/// ```
///
/// With `--no-paginate` a document is one page, and says so (`IsTruncated`, `NextKeyMarker`); with
/// `--max-items` it has a `NextToken`. Pages must follow one another, and the last one must be
/// the last. Unknown members are ignored; one that is read may stand once only. The bucket is
/// named in pages alone: a whole listing does not say of which bucket it is.
final class VersionsJSON {
    private let bucket: String
    private let prefix: [UInt8]
    private let sorter: VersionSorter
    private let fields: VersionFields
    private var sequence = PageSequence()
    private var place = Place()

    /// Where in a document the reader is, for messages.
    private struct Place {
        var array = ""
        var index = 0
        var member = ""

        var path: String {
            if array.isEmpty { return member }
            return "\(array)[\(index)]" + (member.isEmpty ? "" : ".") + member
        }
    }

    init(bucket: String, prefix: [UInt8], sorter: VersionSorter) {
        self.bucket = bucket
        self.prefix = prefix
        self.sorter = sorter
        fields = VersionFields(prefix: prefix)
    }

    /// Reads the documents of a file, one after another.
    func read(_ file: ListingFile) throws {
        let scanner = JSONScanner(ListingText(file))
        var documents = 0
        do {
            try scanner.skipMark()
            while try scanner.peek() != nil {
                place = Place()
                try read(scanner)
                documents += 1
            }
        } catch let problem as JSONProblem {
            let path = place.path
            let member = path.isEmpty ? "" : ", \(path)"
            throw ListingError(
                problem.message, place: "\(file.name), byte \(problem.offset + 1)\(member)",
                hint: fields.isOutsidePrefix ? Self.prefixHint : Self.hint)
        } catch let problem as ListingProblem {
            throw ListingError(problem, place: "\(file.name), document \(documents + 1)")
        }
        guard documents > 0 else {
            throw ListingError("the file holds no listing", place: file.name)
        }
    }

    /// Ends the listing: the last page must have said that it was the last.
    func finish() throws {
        do {
            try sequence.finish()
        } catch let problem {
            throw ListingError(problem, place: "the saved listing")
        }
    }

    private static let hint =
        "save it whole: aws s3api list-object-versions --bucket BUCKET --output json"

    private static let prefixHint =
        "list with the prefix of the policy: aws s3api list-object-versions --bucket BUCKET "
        + "--prefix PREFIX --output json"

    // MARK: A document

    /// The members of a document that are read.
    fileprivate struct Document {
        var seen: Set<String> = []
        var texts: [String: [UInt8]] = [:]
        var isTruncated: Bool?

        /// Whether it looks like an answer of ListObjectVersions at all.
        var isListing: Bool {
            !seen.isDisjoint(with: ["Versions", "DeleteMarkers", "IsTruncated", "RequestCharged"])
        }
    }

    private static let texts: Set<String> = [
        "Name", "Prefix", "KeyMarker", "VersionIdMarker", "NextKeyMarker", "NextVersionIdMarker",
        "NextToken",
    ]
    private static let others: Set<String> = [
        "Versions", "DeleteMarkers", "CommonPrefixes", "IsTruncated", "RequestCharged", "Contents",
    ]

    private func read(_ scanner: JSONScanner) throws {
        var document = Document()
        try scanner.open(UInt8(ascii: "{"))
        var isFirst = true
        while try scanner.next(isFirst: isFirst, closing: UInt8(ascii: "}")) {
            isFirst = false
            let name = String(decoding: try scanner.name(), as: UTF8.self)
            guard Self.texts.contains(name) || Self.others.contains(name) else {
                try scanner.skip()
                continue
            }
            place = Place(member: name)
            guard document.seen.insert(name).inserted else {
                throw scanner.problem("a second member of this name")
            }
            if try scanner.null() { continue }
            if Self.texts.contains(name) {
                try requireText(scanner)
                document.texts[name] = Array(try scanner.string())
            } else {
                try readMember(name, scanner, &document)
            }
            place = Place()
        }
        guard document.isListing else { throw scanner.problem("not a listing of versions") }
        try accept(document)
    }

    private func readMember(
        _ name: String, _ scanner: JSONScanner, _ document: inout Document
    ) throws {
        switch name {
        case "Versions": try readEntries(scanner, array: name, areMarkers: false)
        case "DeleteMarkers": try readEntries(scanner, array: name, areMarkers: true)
        case "IsTruncated":
            guard let value = try scanner.boolean() else {
                throw scanner.problem("neither true nor false")
            }
            document.isTruncated = value
        case "CommonPrefixes":
            try scanner.open(UInt8(ascii: "["))
            if try scanner.next(isFirst: true, closing: UInt8(ascii: "]")) {
                throw scanner.problem("keys are rolled up and not listed: list without a delimiter")
            }
        case "Contents":
            throw scanner.problem("a listing of current objects, not of versions")
        default: try scanner.skip()
        }
    }

    /// Checks what a document says of itself, and its place among the others.
    private func accept(_ document: Document) throws {
        if let name = document.texts["Name"], !name.elementsEqual(bucket.utf8) {
            throw ListingProblem(
                .otherBucket,
                "the listing is of bucket \"\(String(decoding: name, as: UTF8.self))\", not"
                    + " \"\(bucket)\"")
        }
        if let listed = document.texts["Prefix"], !listed.isEmpty, !listed.starts(with: prefix) {
            throw ListingProblem(
                .outsidePrefix,
                "the listing is of another prefix: \"\(String(decoding: listed, as: UTF8.self))\"")
        }
        try sequence.accept(
            VersionPage(
                start: document.position("KeyMarker", "VersionIdMarker"), next: try next(document))
        )
    }

    private func next(_ document: Document) throws -> VersionPage.Position? {
        if let token = document.texts["NextToken"] {
            return VersionPage.Position(key: [], versionID: token)
        }
        guard document.isTruncated == true else { return nil }
        let next = document.position("NextKeyMarker", "NextVersionIdMarker")
        guard !next.key.isEmpty else {
            throw ListingProblem(.marker, "truncated, but without NextKeyMarker")
        }
        guard !next.versionID.isEmpty else {
            throw ListingProblem(.marker, "truncated, but without NextVersionIdMarker")
        }
        return next
    }

    // MARK: Versions and delete markers

    private func readEntries(_ scanner: JSONScanner, array: String, areMarkers: Bool) throws {
        try scanner.open(UInt8(ascii: "["))
        place = Place(array: array)
        var isFirst = true
        while try scanner.next(isFirst: isFirst, closing: UInt8(ascii: "]")) {
            if !isFirst { place.index += 1 }
            isFirst = false
            fields.reset(isMarker: areMarkers)
            try readEntry(scanner)
            if let field = fields.missing { throw scanner.problem("no \(field.name)") }
            try sorter.append(fields.version)
        }
        place = Place()
    }

    private func readEntry(_ scanner: JSONScanner) throws {
        try scanner.open(UInt8(ascii: "{"))
        var isFirst = true
        while try scanner.next(isFirst: isFirst, closing: UInt8(ascii: "}")) {
            isFirst = false
            guard let field = VersionFields.Field(jsonName: try scanner.name()) else {
                try scanner.skip()
                continue
            }
            guard fields.note(field) else {
                throw scanner.problem("a second \(field.name)")
            }
            if let problem = try readField(field, scanner) {
                place.member = field.name
                throw scanner.problem(problem)
            }
        }
    }

    /// Reads a field; says what is wrong with it.
    private func readField(_ field: VersionFields.Field, _ scanner: JSONScanner) throws -> String? {
        switch field {
        case .isLatest:
            guard let value = try scanner.boolean() else { return "neither true nor false" }
            fields.isLatest = value
            return nil
        case .size:
            guard try scanner.peekMore() != UInt8(ascii: "\""), let value = try scanner.size()
            else { return "not a size in bytes" }
            fields.size = value
            return nil
        case .etag where try scanner.null(): return nil
        default:
            guard try scanner.peekMore() == UInt8(ascii: "\"") else { return "not a string" }
            let text = try scanner.string()
            return switch field {
            case .key: fields.setKey(text)
            case .versionID: fields.setVersionID(text)
            case .modified: fields.setModified(text)
            default: fields.setETag(text)
            }
        }
    }

    private func requireText(_ scanner: JSONScanner) throws {
        guard try scanner.peekMore() == UInt8(ascii: "\"") else {
            throw scanner.problem("not a string")
        }
    }
}

extension VersionsJSON.Document {
    fileprivate func position(_ key: String, _ versionID: String) -> VersionPage.Position {
        VersionPage.Position(key: texts[key] ?? [], versionID: texts[versionID] ?? [])
    }
}

extension VersionFields.Field {
    /// The field that a member of a version or delete marker is; nil for one that is not read.
    fileprivate init?(jsonName name: UnsafeRawBufferPointer) {
        func isEqual(_ text: StaticString) -> Bool {
            memcmp(name.baseAddress!, text.utf8Start, name.count) == 0
        }
        switch name.count {
        case 3 where isEqual("Key"): self = .key
        case 4 where isEqual("ETag"): self = .etag
        case 4 where isEqual("Size"): self = .size
        case 8 where isEqual("IsLatest"): self = .isLatest
        case 9 where isEqual("VersionId"): self = .versionID
        case 12 where isEqual("LastModified"): self = .modified
        default: return nil
        }
    }
}
