public import CivilTime
public import S3

/// The versions and delete markers of one key, newest first.
public struct KeyHistory: Sendable {
    /// A version or delete marker.
    public struct Version: Hashable, Sendable {
        /// Its id.
        public var id: VersionID
        /// Its entity tag, without quotes; empty for a marker.
        public var etag: String
        /// Its size in bytes; 0 for a marker.
        public var size: Int64
        /// When it was stored, as listed.
        public var modified: Timestamp
        /// Whether the server calls it current.
        public var isLatest: Bool
        /// Whether it is a delete marker.
        public var isMarker: Bool

        /// A version by its parts.
        public init(
            id: VersionID, etag: String, size: Int64, modified: Timestamp, isLatest: Bool,
            isMarker: Bool
        ) {
            self.id = id
            self.etag = etag
            self.size = size
            self.modified = modified
            self.isLatest = isLatest
            self.isMarker = isMarker
        }
    }

    /// The key.
    public let key: [UInt8]
    /// Its versions by `LastModified`, newest first; those of one instant as they were listed.
    public let versions: [Version]

    /// Sorts what was listed.
    public init(key: [UInt8], listed: [Version]) {
        self.key = key
        versions = listed.enumerated().sorted {
            $0.element.modified != $1.element.modified
                ? $0.element.modified > $1.element.modified : $0.offset < $1.offset
        }.map(\.element)
    }

    /// Lists the versions of exactly this key; needs `s3:ListBucketVersions`.
    public init(of location: S3Location, through client: Client) throws {
        var found: KeyHistory?
        try Self.each(of: location.bucket, prefix: location.key, through: client) { history in
            // The key itself comes first of all that begin with it.
            if history.key == location.key { found = history }
            return false
        }
        self = found ?? KeyHistory(key: location.key, listed: [])
    }

    /// Lists the keys that begin with `prefix`, one after the other, until `body` wants no more.
    public static func each(
        of bucket: String, prefix: [UInt8], through client: Client,
        _ body: (KeyHistory) throws -> Bool
    ) throws {
        var lister = VersionLister(client: client, bucket: bucket, prefix: prefix)
        var key: [UInt8] = []
        var listed: [Version] = []
        while let page = try lister.nextPage() {
            for entry in page.entries {
                if !page.key(of: entry).elementsEqual(key) {
                    if !listed.isEmpty, try !body(KeyHistory(key: key, listed: listed)) { return }
                    key = Array(page.key(of: entry))
                    listed = []
                }
                listed.append(try Version(entry, of: page))
            }
        }
        if !listed.isEmpty { _ = try body(KeyHistory(key: key, listed: listed)) }
    }
}

extension KeyHistory.Version {
    /// Copies an entry of a page.
    init(_ entry: VersionPage.Entry, of page: VersionPage) throws(VersionChoiceError) {
        guard let id = VersionID(page.versionID(of: entry)) else {
            throw VersionChoiceError(key: Array(page.key(of: entry)), code: .unusableID)
        }
        self.init(
            id: id, etag: String(decoding: page.etag(of: entry), as: UTF8.self), size: entry.size,
            modified: entry.modified, isLatest: entry.isLatest, isMarker: entry.isMarker)
    }
}

extension KeyHistory {
    /// What is restored, and what hides it.
    public struct Choice: Hashable, Sendable {
        /// The version.
        public var version: Version
        /// The delete marker that is current instead of it.
        public var hiddenBy: Version?
    }

    /// The current version; where a delete marker is current, the newest version below it.
    ///
    /// Throws where there is none, and where the server calls several or none current.
    public func current() throws(VersionChoiceError) -> Choice {
        let latest = versions.filter(\.isLatest)
        guard let newest = versions.first(where: { !$0.isMarker }) else {
            throw failure(.noVersion)
        }
        guard latest.count == 1 else { throw failure(.noCurrent(count: latest.count)) }
        return latest[0].isMarker
            ? Choice(version: newest, hiddenBy: latest[0]) : Choice(version: latest[0])
    }

    /// The version that was current at an instant: the newest that is not dated later.
    ///
    /// Throws where that is a delete marker, and where there was nothing yet.
    public func current(at instant: Timestamp) throws(VersionChoiceError) -> Choice {
        guard let found = versions.first(where: { $0.modified <= instant }) else {
            throw failure(
                versions.contains { !$0.isMarker }
                    ? .tooEarly(instant, oldest: versions.last { !$0.isMarker }) : .noVersion)
        }
        guard found.isMarker else { return Choice(version: found) }
        let before = versions.first { $0.modified <= instant && !$0.isMarker }
        throw failure(.deleted(at: instant, since: found.modified, before: before))
    }

    private func failure(_ code: VersionChoiceError.Code) -> VersionChoiceError {
        VersionChoiceError(key: key, code: code)
    }
}

/// There is no version of a key that could be meant.
public struct VersionChoiceError: Error, Hashable {
    /// Why.
    public enum Code: Hashable, Sendable {
        /// The key has no version that holds bytes.
        case noVersion
        /// The server calls so many versions current, which is not one.
        case noCurrent(count: Int)
        /// All versions are younger than that instant.
        case tooEarly(Timestamp, oldest: KeyHistory.Version?)
        /// A delete marker was current at that instant.
        case deleted(at: Timestamp, since: Timestamp, before: KeyHistory.Version?)
        /// The listing has a version id that cannot be asked for.
        case unusableID
    }

    /// The key.
    public let key: [UInt8]
    /// Why.
    public let code: Code
}

extension VersionChoiceError: CustomStringConvertible {
    /// The problem in words, without the key: lowercase, no final period.
    public var description: String {
        switch code {
        case .noVersion: "the key has no version"
        case .noCurrent(let count): "the server calls \(count) versions of the key current"
        case .tooEarly(let instant, let oldest):
            "there was no version at \(Self.words(instant))"
                + (oldest.map { "; the oldest is of \($0.modified.rfc3339)" } ?? "")
        case .deleted(let instant, let since, _):
            "at \(Self.words(instant)) the key was deleted: a delete marker of \(since.rfc3339) was "
                + "current"
        case .unusableID: "the listing has a version id that cannot be asked for"
        }
    }

    /// The end of a second is written as that second.
    private static func words(_ instant: Timestamp) -> String {
        instant.nanoseconds == 999_999_999
            ? Timestamp(seconds: instant.seconds).rfc3339 : instant.rfc3339
    }

    /// What can be done about it.
    public var hint: String? {
        switch code {
        case .noVersion: nil
        case .noCurrent, .unusableID: "choose one of 'backup list --versions' with --version-id"
        case .tooEarly(_, let oldest): oldest.map { "--version-id \($0.id)" }
        case .deleted(_, _, let before):
            before.map {
                "the newest version before is of \($0.modified.rfc3339): --version-id \($0.id)"
            } ?? "there was no version before it"
        }
    }
}
