/// Which column of an inventory holds what.
///
/// The names are those of the Amazon S3 User Guide, "Amazon S3 Inventory list".
struct InventoryColumns {
    /// The number of columns.
    let count: Int
    let bucket: Int?
    let key: Int
    let versionID: Int
    let isLatest: Int
    let isMarker: Int
    let size: Int
    let modified: Int
    let etag: Int?
    let lockMode: Int?
    let retainUntil: Int?
    let legalHold: Int?

    /// The columns of a manifest's `fileSchema`: names separated by commas.
    init(schema: String, place: String) throws {
        let names = schema.split(separator: ",", omittingEmptySubsequences: false).map {
            String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        func optional(_ name: String) throws -> Int? {
            let places = names.indices.filter { names[$0] == name }
            guard places.count < 2 else {
                throw ListingError("the column \(name) stands twice in fileSchema", place: place)
            }
            return places.first
        }
        func required(_ name: String) throws -> Int {
            if let column = try optional(name) { return column }
            throw ListingError(
                "the inventory has no column \(name)", place: place,
                hint: "add it to the inventory's fields; the next inventory will have it")
        }
        guard let versionID = try optional("VersionId") else {
            throw ListingError(
                "the inventory lists current versions only: it has no column VersionId",
                place: place,
                hint: "let the inventory include all versions (IncludedObjectVersions: All)")
        }
        count = names.count
        bucket = try optional("Bucket")
        key = try required("Key")
        self.versionID = versionID
        isLatest = try required("IsLatest")
        isMarker = try required("IsDeleteMarker")
        size = try required("Size")
        modified = try required("LastModifiedDate")
        etag = try optional("ETag")
        lockMode = try optional("ObjectLockMode")
        retainUntil = try optional("ObjectLockRetainUntilDate")
        legalHold = try optional("ObjectLockLegalHoldStatus")
    }
}
