public import S3

/// Where the pages of a listing come from: a bucket or saved files.
public protocol PageSource {
    /// The next page, or `nil` after the last one; throws where the listing cannot be trusted.
    mutating func nextPage() throws -> VersionPage?
}

extension VersionLister: PageSource {}
