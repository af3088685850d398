/// Pages of a listing as a server would send them, made for one test.
struct SavedListing {
    var bucket = "hostile"
    /// One entry: a version, or a marker where `size` is nil.
    struct Entry {
        var key: String
        var versionID: String
        var modified = "2026-11-20T01:05:00.000Z"
        var size: Int? = 100
        var isLatest = true
    }
    var entries: [Entry]
    /// The markers of a page that has a successor.
    var next: (key: String, versionID: String)?

    /// The page, with every key percent-encoded.
    var xml: String {
        let marker = next.map {
            "<NextKeyMarker>\(encoded($0.key))</NextKeyMarker>"
                + "<NextVersionIdMarker>\($0.versionID)</NextVersionIdMarker>"
        }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
            <Name>\(bucket)</Name><Prefix></Prefix><KeyMarker></KeyMarker>\
            <VersionIdMarker></VersionIdMarker>\(marker ?? "")<MaxKeys>1000</MaxKeys>\
            <EncodingType>url</EncodingType><IsTruncated>\(next != nil)</IsTruncated>\
            \(entries.map(Self.xml).joined())</ListVersionsResult>

            """
    }

    private static func xml(_ entry: Entry) -> String {
        let common = """
            <Key>\(encoded(entry.key))</Key><VersionId>\(entry.versionID)</VersionId>\
            <IsLatest>\(entry.isLatest)</IsLatest><LastModified>\(entry.modified)</LastModified>
            """
        guard let size = entry.size else { return "<DeleteMarker>\(common)</DeleteMarker>" }
        return """
            <Version>\(common)<ETag>&quot;0cc175b9c0f1b6a831c399e269772661&quot;</ETag>\
            <Size>\(size)</Size><StorageClass>STANDARD</StorageClass></Version>
            """
    }
}
