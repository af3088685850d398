import CivilTime
import S3

/// A version or delete marker, taken off the page that listed it.
struct ListedVersion {
    let id: [UInt8]
    let etag: [UInt8]
    let modified: Timestamp
    let size: Int64
    let isLatest: Bool
    let isMarker: Bool
}

/// The versions of one key that are shown.
struct ListedKey {
    var key: [UInt8] = []
    var versions: [ListedVersion] = []

    /// Copies an entry of a page.
    mutating func add(_ entry: VersionPage.Entry, of page: VersionPage) {
        versions.append(
            ListedVersion(
                id: Array(page.versionID(of: entry)), etag: Array(page.etag(of: entry)),
                modified: entry.modified, size: entry.size, isLatest: entry.isLatest,
                isMarker: entry.isMarker))
    }

    /// Newest first; those of one instant as they were listed. Servers list in other orders too.
    mutating func sort() {
        // The sort of the standard library is stable, though it does not promise to be.
        versions = versions.enumerated().sorted {
            $0.element.modified != $1.element.modified
                ? $0.element.modified > $1.element.modified : $0.offset < $1.offset
        }.map(\.element)
    }
}

/// What a list adds up to.
struct ListTotals {
    var keys = 0
    var versions = 0
    var markers = 0
    var bytes: Int64 = 0
    /// Keys that are not shown because a delete marker is current.
    var hidden = 0

    /// Counts what is shown.
    mutating func add(_ version: ListedVersion) {
        if version.isMarker {
            markers += 1
        } else {
            versions += 1
            bytes += version.size
        }
    }
}
