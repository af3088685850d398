/// The XML of a page, made from what a test wants to say.
struct Page {
    var name: String? = "bkt"
    var prefix = ""
    var start: (key: String, versionID: String) = ("", "")
    var next: (key: String?, versionID: String?)?
    var isTruncated: String?
    var isEncoded = false
    var entries: [String] = []

    /// A `Version` of `key`.
    static func version(
        _ key: String, _ id: String, latest: Bool = false, date: String = "2026-09-01T00:00:00.000Z"
    ) -> String {
        "<Version><Key>\(key)</Key><VersionId>\(id)</VersionId><IsLatest>\(latest)</IsLatest>"
            + "<LastModified>\(date)</LastModified><ETag>&quot;0e\(id)&quot;</ETag>"
            + "<Size>10</Size></Version>"
    }

    /// A `DeleteMarker` of `key`.
    static func marker(_ key: String, _ id: String, latest: Bool = false) -> String {
        "<DeleteMarker><Key>\(key)</Key><VersionId>\(id)</VersionId>"
            + "<IsLatest>\(latest)</IsLatest>"
            + "<LastModified>2026-09-01T00:00:00.000Z</LastModified></DeleteMarker>"
    }

    var xml: String {
        var text = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"
        text += #"<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#
        if let name { text += "<Name>\(name)</Name>" }
        text += "<Prefix>\(prefix)</Prefix><KeyMarker>\(start.key)</KeyMarker>"
        text += "<VersionIdMarker>\(start.versionID)</VersionIdMarker><MaxKeys>1000</MaxKeys>"
        if let key = next?.key { text += "<NextKeyMarker>\(key)</NextKeyMarker>" }
        if let id = next?.versionID { text += "<NextVersionIdMarker>\(id)</NextVersionIdMarker>" }
        if isEncoded { text += "<EncodingType>url</EncodingType>" }
        text += "<IsTruncated>\(isTruncated ?? (next == nil ? "false" : "true"))</IsTruncated>"
        return text + entries.joined() + "</ListVersionsResult>"
    }
}
