import CivilTime
import Foundation
import Testing

@testable import S3

/// One answer of a server and what must become of it, from fixtures/s3-answers.json.
struct AnswerCase: Decodable, Sendable, CustomTestStringConvertible {
    struct Entry: Decodable, Sendable, Equatable {
        var key: String
        var version_id: String
        var kind: String
        var last_modified: String
        var is_latest: Bool
        var size: Int64?
    }

    var id: String
    var op: String
    var status: Int
    var headers: [String: String]
    var body_b64: String
    var outcome: String
    var why: String
    var entries: [Entry]?
    var next: [String]?
    var region: String?

    var body: [UInt8] { Array(Data(base64Encoded: body_b64)!) }
    var testDescription: String { "\(id): \(why)" }

    static let all: [AnswerCase] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../fixtures/s3-answers.json")
        // Requests differ in shape from operation to operation; these tests do not look at them.
        let data = try! Data(contentsOf: file)
        let list = try! JSONSerialization.jsonObject(with: data) as! [[String: Any]]
        let operations = ["ListObjectVersions", "CompleteMultipartUpload", "any"]
        return list.filter { operations.contains($0["op"] as! String) }
            .map { entry in
                let one = try! JSONSerialization.data(withJSONObject: entry)
                return try! JSONDecoder().decode(AnswerCase.self, from: one)
            }
    }()

    static let listings = all.filter { $0.op == "ListObjectVersions" }
    static let completions = all.filter { $0.op == "CompleteMultipartUpload" }
    static let errors = all.filter { $0.op == "any" }
}

@Suite struct AnswerTests {
    @Test("a page of versions gives exactly its outcome", arguments: AnswerCase.listings)
    func listing(_ answer: AnswerCase) throws {
        let parser = VersionPageParser(bucket: "b")
        var sequence = PageSequence()
        let page: VersionPage
        do throws(ListingProblem) {
            page = try parser.parse(answer.body)
            // L13 is the second page of a listing whose first ended after b.
            if answer.id == "L13" { try sequence.accept(try parser.parse(Self.pageBefore)) }
            if page.start.key.isEmpty || answer.id == "L13" { try sequence.accept(page) }
        } catch {
            #expect(
                answer.outcome == (error.isTransient ? "retry" : "reject")
                    || answer.outcome == "reject")
            return
        }
        #expect(answer.outcome == "ok")
        if let expected = answer.entries {
            let found = page.entries.map { entry in
                AnswerCase.Entry(
                    key: String(decoding: page.key(of: entry), as: UTF8.self),
                    version_id: String(decoding: page.versionID(of: entry), as: UTF8.self),
                    kind: entry.isMarker ? "delete-marker" : "version",
                    last_modified: entry.modified.rfc3339, is_latest: entry.isLatest,
                    size: entry.isMarker ? nil : entry.size)
            }
            #expect(found.map(\.key) == expected.map(\.key))
            #expect(found.map(\.version_id) == expected.map(\.version_id))
            #expect(found.map(\.is_latest) == expected.map(\.is_latest))
            #expect(
                found.map { Timestamp(rfc3339: $0.last_modified) }
                    == expected.map { Timestamp(rfc3339: $0.last_modified) })
            #expect(zip(found, expected).allSatisfy { $0.size == nil || $0.size == $1.size })
            #expect(
                zip(found, expected).allSatisfy { ($0.kind == "version") == ($1.kind == "version") }
            )
        }
        if let next = answer.next {
            #expect(page.next.map { String(decoding: $0.key, as: UTF8.self) } == next[0])
            #expect(page.next.map { String(decoding: $0.versionID, as: UTF8.self) } == next[1])
        }
    }

    private static let pageBefore = Array(
        """
        <ListVersionsResult><Name>b</Name><Prefix/><KeyMarker/><VersionIdMarker/>\
        <NextKeyMarker>b</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>\
        <IsTruncated>true</IsTruncated><Version><Key>b</Key><VersionId>1</VersionId>\
        <IsLatest>true</IsLatest><LastModified>2026-09-03T00:00:00Z</LastModified>\
        <Size>1</Size></Version></ListVersionsResult>
        """.utf8)

    @Test(
        "an error answer is classed by its code, then by its status", arguments: AnswerCase.errors)
    func error(_ answer: AnswerCase) throws {
        var received = Answer(
            status: answer.status, headers: answer.headers.map { Header($0.key, $0.value) })
        received.body = answer.body
        let endpoint = try Endpoint(awsRegion: "us-east-1")
        let error = Fault(operation: "ListObjectVersions", resource: .bucket("b")).error(
            answer: received, localClock: Timestamp(seconds: 0), endpoint: endpoint)
        switch answer.outcome {
        case "retry": #expect(error.isTransient)
        case "redirect-region":
            #expect(error.region == answer.region)
            #expect(["PermanentRedirect", "AuthorizationHeaderMalformed"].contains(error.code))
        default: #expect(!error.isTransient)
        }
        if answer.outcome == "fail" { #expect(error.region == nil) }
    }
}
