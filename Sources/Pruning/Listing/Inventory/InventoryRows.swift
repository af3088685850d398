internal import CivilTime
internal import S3

/// Reads the rows of an inventory: keys URL-encoded, no header, in no order.
///
/// A version is locked where the inventory says that a legal hold is on, or that it is to be
/// retained beyond `now`; a retention without a date is taken for one that lasts.
final class InventoryRows {
    private let columns: InventoryColumns
    private let bucket: String
    private let now: Timestamp
    private let sorter: VersionSorter
    private let fields: VersionFields

    init(
        columns: InventoryColumns, bucket: String, prefix: [UInt8], now: Timestamp,
        sorter: VersionSorter
    ) {
        self.columns = columns
        self.bucket = bucket
        self.now = now
        self.sorter = sorter
        fields = VersionFields(prefix: prefix)
    }

    /// Reads all rows of a file.
    func read(_ file: ListingFile) throws {
        let rows = CSVRows(ListingText(file))
        do {
            while try rows.next() {
                guard rows.count == columns.count else {
                    throw rows.problem(
                        "\(rows.count) columns, where the manifest names \(columns.count)")
                }
                if let problem = readRow(rows) { throw rows.problem(problem) }
                try sorter.append(fields.version)
            }
        } catch let problem as CSVProblem {
            throw ListingError(
                problem.message, place: "\(file.name), line \(problem.line)",
                hint: fields.isOutsidePrefix
                    ? "an inventory of the whole bucket goes with a policy of the whole bucket; "
                        + "one of a prefix is set up in the bucket's inventory configuration"
                    : "give the manifest.json of this very inventory, or download it again")
        }
    }

    /// Takes the fields of a row; says what is wrong with it.
    private func readRow(_ rows: CSVRows) -> String? {
        if let column = columns.bucket, !rows[column].elementsEqual(bucket.utf8) {
            return "the row is of bucket \(quoted(rows[column])), not \"\(bucket)\""
        }
        guard let isMarker = boolean(rows[columns.isMarker]) else {
            return "IsDeleteMarker is neither true nor false"
        }
        fields.reset(isMarker: isMarker)
        guard let isLatest = boolean(rows[columns.isLatest]) else {
            return "IsLatest is neither true nor false"
        }
        fields.isLatest = isLatest
        return readKey(rows[columns.key])
            ?? readVersionID(rows[columns.versionID])
            ?? named("LastModifiedDate", fields.setModified(raw(rows[columns.modified])))
            ?? readSize(rows[columns.size], isMarker: isMarker)
            ?? readETag(columns.etag.map { rows[$0] })
            ?? readLock(rows)
    }

    private func readKey(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> String? {
        guard let count = URLDecoding.decode(inPlace: bytes) else {
            return "Key \(quoted(bytes)) is not URL-encoded UTF-8"
        }
        return named("Key", fields.setKey(UnsafeRawBufferPointer(rebasing: raw(bytes)[..<count])))
    }

    /// A version from before versioning has no id in an inventory; it is the null version.
    private func readVersionID(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> String? {
        if bytes.isEmpty { return Self.null.withUnsafeBytes { fields.setVersionID($0) } }
        guard isUTF8(bytes) else { return "VersionId is not UTF-8" }
        return named("VersionId", fields.setVersionID(raw(bytes)))
    }

    private func readETag(_ bytes: UnsafeMutableBufferPointer<UInt8>?) -> String? {
        guard let bytes else { return nil }
        guard isUTF8(bytes) else { return "ETag is not UTF-8" }
        return named("ETag", fields.setETag(raw(bytes)))
    }

    private func readSize(_ bytes: UnsafeMutableBufferPointer<UInt8>, isMarker: Bool) -> String? {
        if isMarker, bytes.isEmpty { return nil }
        guard let size = VersionFields.size(raw(bytes)) else {
            return "Size \(quoted(bytes)) is not a size"
        }
        fields.size = size
        return nil
    }

    private func readLock(_ rows: CSVRows) -> String? {
        var isRetained = false
        if let column = columns.lockMode, !rows[column].isEmpty {
            let mode = String(decoding: rows[column], as: UTF8.self)
            guard ObjectProtection.Mode(rawValue: mode) != nil else {
                return "ObjectLockMode \(quoted(rows[column])) is not known"
            }
            isRetained = true
        }
        if let column = columns.retainUntil, !rows[column].isEmpty {
            guard let end = Timestamp(rfc3339: UnsafeBufferPointer(rows[column])) else {
                return "ObjectLockRetainUntilDate \(quoted(rows[column])) is not a date"
            }
            isRetained = end > now
        }
        if isRetained { fields.lock = .retention }
        if let column = columns.legalHold, !rows[column].isEmpty {
            switch String(decoding: rows[column], as: UTF8.self).lowercased() {
            case "on": fields.lock = .legalHold
            case "off": break
            default: return "ObjectLockLegalHoldStatus \(quoted(rows[column])) is not known"
            }
        }
        return nil
    }

    // MARK: Values

    private static let null = Array("null".utf8)
    private static let on = Array("true".utf8)
    private static let off = Array("false".utf8)

    private func boolean(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> Bool? {
        if bytes.elementsEqual(Self.on) { return true }
        return bytes.elementsEqual(Self.off) ? false : nil
    }

    private func isUTF8(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        bytes.allSatisfy { $0 < 0x80 }
            || (try? UTF8Span(validating: UnsafeBufferPointer(bytes).span)) != nil
    }

    private func raw(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(bytes)
    }

    private func quoted(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> String {
        VersionFields.quoted(raw(bytes))
    }

    private func named(_ column: String, _ problem: String?) -> String? {
        problem.map { "\(column): \($0)" }
    }
}
