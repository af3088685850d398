import CivilTime
import FaultServer
import Foundation
import Testing

@testable import S3

@Suite("listing a bucket")
struct ListObjectVersionsTests {
    /// Lists with a server that plays `script`; gives the version ids in order.
    private func list(
        _ rig: Rig, bucket: String = "bkt", prefix: String = ""
    ) throws -> [String] {
        var lister = VersionLister(client: rig.client, bucket: bucket, prefix: Array(prefix.utf8))
        var ids: [String] = []
        while let page = try lister.nextPage() {
            ids += page.entries.map { String(decoding: page.versionID(of: $0), as: UTF8.self) }
        }
        return ids
    }

    private func reply(_ page: Page, course: FaultServer.Reply.Course = .whole)
        -> FaultServer.Reply
    {
        .init(text: page.xml, course: course)
    }

    private let first = Page(next: ("a", "1"), entries: [Page.version("a", "1", latest: true)])
    private let last = Page(start: ("a", "1"), entries: [Page.version("a", "2")])

    @Test("goes on with both markers, and asks for encoded keys")
    func markers() throws {
        let rig = try Rig([
            reply(Page(next: ("d%2B+%25", "v+/="), entries: [])).encoded,
            reply(Page(start: ("d%2B+%25", "v+/="), entries: [])).encoded,
        ])
        _ = try list(rig, prefix: "d")
        let queries = rig.server.requests.map(\.query)
        let common = ["versions": "", "encoding-type": "url", "prefix": "d"]
        #expect(queries[0] == common)
        #expect(
            queries[1]
                == common.merging([
                    "key-marker": "d+ %", "version-id-marker": "v+/=",
                ]) { $1 })
        #expect(rig.server.requests[0].path == "/bkt")
    }

    @Test("survives a page that is truncated and empty")
    func emptyPage() throws {
        let rig = try Rig([
            reply(first), reply(Page(start: ("a", "1"), next: ("m", "7"))),
            reply(Page(start: ("m", "7"), entries: [Page.version("n", "3")])),
        ])
        #expect(try list(rig) == ["1", "3"])
    }

    /// What comes once in place of the second page before the page itself.
    static let passing: [(name: String, reply: FaultServer.Reply)] = [
        ("500", .error(500, "InternalError")),
        ("200 with an Error", .error(200, "InternalError")),
        ("200 with an empty body", .init(200)),
        ("a page that is cut", .init(text: Page().xml, course: .cut(after: 100))),
        (
            "a page that is cut without a sign of it",
            .init(text: String(Page().xml.prefix(100)))
        ),
        ("a reset within the page", .init(text: Page().xml, course: .reset(after: 100))),
        ("no answer", .init(course: .noAnswer)),
        ("HTML of a proxy", .init(502, text: "<html><body>Bad gateway</body></html>")),
    ]

    @Test("asks again for a page that failed in passing", arguments: passing.indices)
    func passingFault(index: Int) throws {
        let (name, fault) = Self.passing[index]
        let rig = try Rig([reply(first), fault, reply(last)])
        #expect(try list(rig) == ["1", "2"], "\(name)")
        let queries = rig.server.requests.map(\.query)
        #expect(queries.dropFirst().allSatisfy { $0["version-id-marker"] == "1" }, "\(name)")
    }

    /// What ends a listing when it comes in place of the second page, and how often it is asked.
    static let lasting: [(name: String, reply: FaultServer.Reply, code: String, times: Int)] = [
        ("500 for ever", .error(500, "InternalError"), "InternalError", 5),
        ("200 with an Error for ever", .error(200, "SlowDown"), "SlowDown", 5),
        ("an Error that does not pass", .error(200, "AccessDenied"), "AccessDenied", 1),
        ("403", .error(403, "AccessDenied"), "AccessDenied", 1),
        ("pages cut for ever", .init(text: "<ListVersionsResult>"), "MalformedListing", 5),
        ("HTML of a proxy", .init(text: "<html><p>Sign in</p></html>"), "NotAListing", 1),
        ("text", .init(text: "OK"), "MalformedListing", 5),
        ("another bucket", .init(text: Page(name: "other").xml), "OtherBucket", 1),
        (
            "truncated without marker",
            .init(text: Page(isTruncated: "true").xml), "ListingDoesNotAdvance", 1
        ),
        (
            "the first page again", .init(text: Page(next: ("a", "1")).xml),
            "ListingDoesNotAdvance", 1
        ),
        (
            "a marker that steps back", .init(text: Page(next: ("Z", "1")).xml),
            "ListingDoesNotAdvance", 1
        ),
        (
            "keys that step back", .init(text: Page(entries: [Page.version("Z", "9")]).xml),
            "ListingOutOfOrder", 1
        ),
        (
            "a bad escape",
            .init(text: Page(isEncoded: true, entries: [Page.version("b%", "9")]).xml),
            "InvalidListingField", 1
        ),
    ]

    @Test("ends at what does not pass, and never goes round in circles", arguments: lasting.indices)
    func lastingFault(index: Int) throws {
        let (name, fault, code, times) = Self.lasting[index]
        let rig = try Rig([reply(first)] + Array(repeating: fault, count: 20))
        do {
            let ids = try list(rig)
            Issue.record("\(name): listed \(ids)")
        } catch let error as S3Error {
            #expect(error.code == code, "\(name)")
            #expect(error.operation == "ListObjectVersions" && error.bucket == "bkt")
        } catch let problem as ListingProblem {
            #expect(problem.code.rawValue == code, "\(name)")
        }
        #expect(rig.server.requests.count == 1 + times, "\(name)")
    }

    @Test("refuses keys outside the prefix, and directory buckets before asking")
    func refused() throws {
        let rig = try Rig([reply(first)])
        #expect {
            try list(rig, prefix: "db/")
        } throws: { error in
            (error as? S3Error)?.code == "OutsidePrefix"
        }
        #expect {
            try list(rig, bucket: "fast--euc1-az1--x-s3")
        } throws: { error in
            (error as? S3Error)?.code == "UnsupportedBucket"
        }
        #expect(rig.server.requests.count == 1)
    }

    @Test("a page bears the server's clock and the request id; after the last there is none")
    func date() throws {
        let rig = try Rig([
            .init(
                text: Page().xml,
                headers: [("Date", "Mon, 23 Nov 2026 03:00:07 GMT"), ("x-amz-request-id", "RID")]),
            .init(text: Page().xml, headers: [("Date", "")]),
        ])
        for seconds in [7, nil] as [Int64?] {
            var lister = VersionLister(client: rig.client, bucket: "bkt", prefix: [])
            let page = try #require(try lister.nextPage())
            #expect(page.date == seconds.map { Rig.now.advanced(bySeconds: $0) })
            #expect(try lister.nextPage() == nil)
        }
    }

    @Test("a refusal tells which right is missing")
    func hint() throws {
        let rig = try Rig([.error(403, "AccessDenied")])
        #expect {
            try list(rig)
        } throws: { error in
            (error as? S3Error)?.hint?.contains("s3:ListBucketVersions") == true
        }
    }
}

extension FaultServer.Reply {
    /// The same answer with the element that says that keys are encoded.
    fileprivate var encoded: FaultServer.Reply {
        let text = String(decoding: body, as: UTF8.self).replacing(
            "<IsTruncated>", with: "<EncodingType>url</EncodingType><IsTruncated>")
        return FaultServer.Reply(status, text: text)
    }
}
