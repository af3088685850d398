internal import CLibXML2

/// Parses pages of ListObjectVersions as their bytes arrive, one page after the other.
///
/// ```xml
/// <ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
///   <Name>acme-backups</Name><Prefix>db/</Prefix><KeyMarker/><VersionIdMarker/>
///   <NextKeyMarker>db/m.sql.gz</NextKeyMarker><NextVersionIdMarker>7jW</NextVersionIdMarker>
///   <MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
///   <Version>
///     <Key>db/m.sql.gz</Key><VersionId>8kX</VersionId><IsLatest>true</IsLatest>
///     <LastModified>2026-09-03T01:00:00.000Z</LastModified>
///     <ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>10</Size>
///     <StorageClass>STANDARD</StorageClass><Owner><ID>79a5</ID></Owner>
///   </Version>
///   <DeleteMarker>
///     <Key>db/m.sql.gz</Key><VersionId>7jW</VersionId><IsLatest>false</IsLatest>
///     <LastModified>2026-09-02T01:00:00.000Z</LastModified>
///   </DeleteMarker>
/// </ListVersionsResult>
/// ```
///
/// Only direct children count, unknown elements are ignored, and everything that is not exactly
/// as S3 documents it refuses the whole page. Source: Amazon S3 API Reference,
/// ListObjectVersions.
public final class VersionPageParser {
    /// The largest answer that is taken for a page of a listing, in bytes.
    public static let maximumBytes = 64 << 20

    private let state: UnsafeMutablePointer<PageState>
    private let parser: PushParser
    private let bucket: String?
    private let expectedPrefix: [UInt8]

    /// A parser that refuses pages of another bucket than `bucket` (nil takes any), and entries
    /// whose key does not begin with `prefix`.
    public init(bucket: String? = nil, prefix: [UInt8] = []) {
        self.bucket = bucket
        self.expectedPrefix = prefix
        state = .allocate(capacity: 1)
        parser = PushParser(
            handlers: PageState.handlers(), state: UnsafeMutableRawPointer(state),
            maximumBytes: VersionPageParser.maximumBytes)
        state.initialize(to: PageState(parser: parser))
    }

    deinit {
        state.pointee.arena.free()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Parses the next bytes of a page. After it has thrown, only `reset` is of use.
    public func feed(_ bytes: UnsafeRawBufferPointer) throws(ListingProblem) {
        do throws(XMLProblem) {
            try parser.feed(bytes)
        } catch {
            throw state.pointee.problem ?? ListingProblem(error)
        }
    }

    /// Ends a page and makes ready for the next one; throws unless the page is whole and every
    /// entry of it sound.
    public func finish() throws(ListingProblem) -> VersionPage {
        defer { reset() }
        do throws(XMLProblem) {
            try parser.finish()
        } catch {
            throw state.pointee.problem ?? ListingProblem(error)
        }
        return try state.pointee.finish(bucket: bucket, prefix: expectedPrefix)
    }

    /// Forgets a page that is not finished.
    public func reset() {
        state.pointee.reset()
        parser.reset()
    }

    /// Parses one page that is in memory.
    public func parse(_ bytes: some Collection<UInt8>) throws(ListingProblem) -> VersionPage {
        let bytes = Array(bytes)
        do {
            try bytes.withUnsafeBytes { try feed($0) }
        } catch let problem as ListingProblem {
            reset()
            throw problem
        } catch {
            fatalError("feed throws nothing else: \(error)")
        }
        return try finish()
    }
}

extension ListingProblem {
    init(_ problem: XMLProblem) {
        let code: Code =
            switch problem.kind {
            case .empty: .empty
            case .malformed: .malformed
            case .limit: .limit
            }
        self.init(code, problem.message, line: problem.line)
    }
}
