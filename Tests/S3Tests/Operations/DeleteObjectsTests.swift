import FaultServer
import Foundation
import Testing

@testable import S3

extension DeletionCase {
    var versions: [ObjectVersion] {
        request.objects.map { ObjectVersion(key: Array($0[0].utf8), id: VersionID($0[1])!) }
    }
}

@Suite("deleting a batch")
struct DeleteObjectsTests {
    private func versions(_ count: Int) -> [ObjectVersion] {
        (0..<count).map { ObjectVersion(key: Array("k\($0)".utf8), id: VersionID("v\($0)")!) }
    }

    private func delete(_ rig: Rig, _ versions: [ObjectVersion]) throws(S3Error) -> DeletionAnswer {
        try rig.client.delete(versions, inBucket: "bkt")
    }

    private func deleted(_ versions: [ObjectVersion]) -> String {
        "<DeleteResult>"
            + versions.map {
                "<Deleted><Key>\(String(decoding: $0.key, as: UTF8.self))</Key>"
                    + "<VersionId>\($0.id)</VersionId></Deleted>"
            }.joined() + "</DeleteResult>"
    }

    @Test("an answer gives exactly its outcome", arguments: DeletionCase.all)
    func answer(_ answer: DeletionCase) throws {
        let reply = FaultServer.Reply(answer.status, answer.body)
        let rig = try Rig(Array(repeating: reply, count: 9))
        let result: DeletionAnswer
        do throws(S3Error) {
            result =
                answer.request.quiet
                ? DeletionAnswer(try! XMLTree(answer.body), to: answer.versions, isQuiet: true)
                : try delete(rig, answer.versions)
        } catch {
            switch answer.outcome {
            case "fail": #expect(!error.isTransient && !error.effectUnknown)
            case "unknown": #expect(error.effectUnknown)
            case "retry": #expect(error.isTransient)
            default: Issue.record("\(answer.id): \(error)")
            }
            return
        }
        #expect((answer.outcome == "stop") == (result.stop != nil))
        guard let expected = answer.result else { return }
        var found = DeletionCase.Result()
        for (pair, fate) in zip(answer.request.objects, result.fates) {
            switch fate {
            case .deleted: found.deleted.append(pair)
            case .failed: found.failed.append(pair)
            case .retry: found.retry.append(pair)
            case .unknown: found.unknown.append(pair)
            }
        }
        #expect(found.deleted == expected.deleted)
        #expect(found.failed == expected.failed)
        #expect(found.retry == expected.retry)
        #expect(found.unknown == expected.unknown)
    }

    @Test("the request names every version, with its checksum, and never bypasses retention")
    func request() throws {
        let keys = ["a&b<c>\"'", "x\r\ny\tz", "é💾", "  ", "]]>"]
        let versions = keys.map { ObjectVersion(key: Array($0.utf8), id: VersionID("v+/=&")!) }
        let server = try FaultServer { _ in .init(text: "<DeleteResult/>") }
        let answer = try delete(try Rig(server), versions)
        #expect(answer.fates == Array(repeating: .unknown, count: keys.count))
        let request = server.requests[0]
        #expect(request.method == "POST" && request.target == "/bkt?delete=")
        #expect(request["content-md5"] == Base64.encode(Digest.hash(request.body, .md5)))
        #expect(request["x-amz-content-sha256"] == Digest.sha256Text(request.body))
        #expect(!request.headers.contains { $0.name.lowercased().contains("bypass") })
        let tree = try XMLTree(request.body)
        #expect(tree.name == "Delete" && tree["Quiet"]?.text == "false")
        let sent = tree.children.filter { $0.name == "Object" }
        #expect(sent.map { $0["Key"].map { Array($0.text.utf8) } } == versions.map(\.key))
        #expect(sent.allSatisfy { $0["VersionId"]?.text == "v+/=&" })
        #expect(!String(decoding: request.body, as: UTF8.self).contains("\r"))
    }

    @Test("keys that XML cannot carry are known beforehand")
    func carried() {
        for key in ["\u{1}", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{FFFE}", "\u{FFFF}", "\u{0}"] {
            let version = ObjectVersion(key: Array("a\(key)b".utf8), id: .null)
            #expect(!version.fitsInXML, "\(key.unicodeScalars.map(\.value))")
        }
        for key in ["\r", "\n", "\t", "\u{A0}", "\u{2028}", "\u{FFFD}", "\u{10FFFD}", "<&>"] {
            #expect(ObjectVersion(key: Array(key.utf8), id: .null).fitsInXML)
        }
        #expect(!ObjectVersion(key: [0xFF], id: .null).fitsInXML)
    }

    @Test("a version id is never empty")
    func versionID() {
        for text in ["", " ", "a b", "a\n", "\u{7F}"] { #expect(VersionID(text) == nil) }
        for text in ["null", "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"] {
            #expect(VersionID(text)?.description == text)
        }
    }

    @Test("an answer that is lost is asked for again, and counted once")
    func lostAnswer() throws {
        let versions = versions(3)
        let rig = try Rig([.init(course: .noAnswer), .init(text: deleted(versions))])
        #expect(try delete(rig, versions).fates == Array(repeating: .deleted, count: 3))
        #expect(rig.server.requests.map(\.body).allSatisfy { $0 == rig.server.requests[0].body })
    }

    @Test("a batch whose answers are all lost may have been deleted")
    func allLost() throws {
        let rig = try Rig(Array(repeating: .init(course: .noAnswer), count: 9))
        #expect {
            try delete(rig, versions(2))
        } throws: { error in
            (error as? S3Error)?.effectUnknown == true
        }
    }

    @Test("an Error in place of the result is tried again or not, by its code")
    func errorDocument() throws {
        let versions = versions(1)
        let passing = try Rig([.error(200, "InternalError"), .init(text: deleted(versions))])
        #expect(try delete(passing, versions).fates == [.deleted])
        let denied = try Rig([.error(403, "AccessDenied")])
        #expect {
            try delete(denied, versions)
        } throws: { error in
            let error = error as? S3Error
            return error?.code == "AccessDenied" && error?.effectUnknown == false
        }
        #expect(denied.server.requests.count == 1)
    }

    /// `Deleted` and `Error` elements for version v0 of k0, and what they mean.
    static let elements: [(name: String, xml: String, fate: DeletionFate, stops: Bool)] = [
        ("silence", "", .unknown, false),
        ("a marker deleted", deletedElement(id: "v0", more: markerFields), .deleted, false),
        ("a marker made", deletedElement(id: nil, more: markerFields), .unknown, true),
        ("no version id", deletedElement(id: nil, more: ""), .unknown, true),
        ("another version id", deletedElement(id: "v9", more: ""), .unknown, true),
        (
            "another key", deletedElement(id: "v0", more: "").replacing("k0", with: "k1"), .unknown,
            true
        ),
        (
            "deleted and refused",
            deletedElement(id: "v0", more: "") + errorElement("AccessDenied", id: "v0"), .unknown,
            false
        ),
        (
            "an error without version id", errorElement("InternalError", id: nil),
            .retry(.init(code: "InternalError", message: "m")), false
        ),
        (
            "a lock", errorElement("AccessDenied", id: "v0"),
            .failed(.init(code: "AccessDenied", message: "m")), false
        ),
        ("gone before", errorElement("NoSuchKey", id: "v0"), .deleted, false),
        (
            "an unknown code", errorElement("Strange", id: "v0"),
            .failed(.init(code: "Strange", message: "m")), false
        ),
        ("an error about another key", errorElement("AccessDenied", id: "v7"), .unknown, false),
    ]
    private static let markerFields =
        "<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>v0</DeleteMarkerVersionId>"

    private static func deletedElement(id: String?, more: String) -> String {
        "<Deleted><Key>k0</Key>" + (id.map { "<VersionId>\($0)</VersionId>" } ?? "") + more
            + "</Deleted>"
    }

    private static func errorElement(_ code: String, id: String?) -> String {
        "<Error><Key>k0</Key>" + (id.map { "<VersionId>\($0)</VersionId>" } ?? "")
            + "<Code>\(code)</Code><Message>m</Message></Error>"
    }

    @Test("each report about a version is read for what it says", arguments: elements.indices)
    func element(index: Int) throws {
        let (name, xml, fate, stops) = Self.elements[index]
        let tree = try XMLTree("<DeleteResult>\(xml)</DeleteResult>".utf8)
        let answer = DeletionAnswer(tree, to: versions(1), isQuiet: false)
        #expect(answer.fates == [fate], "\(name)")
        #expect((answer.stop != nil) == stops, "\(name)")
    }

    @Test("the null version may come back without its id")
    func nullVersion() throws {
        let version = ObjectVersion(key: Array("k0".utf8), id: .null)
        for xml in [
            Self.deletedElement(id: nil, more: ""), Self.deletedElement(id: "null", more: ""),
        ] {
            let tree = try XMLTree("<DeleteResult>\(xml)</DeleteResult>".utf8)
            let answer = DeletionAnswer(tree, to: [version], isQuiet: false)
            #expect(answer == DeletionAnswer(fates: [.deleted]))
        }
    }

    @Test("what protects a version is told from a right that is missing")
    func protection() {
        let words = [
            "Access Denied because object protected by object lock.", "forbidden by object lock",
            "Object is WORM protected and cannot be overwritten",
        ]
        for message in words {
            let refusal = DeletionFate.Refusal(code: "AccessDenied", message: message)
            #expect(refusal.isProtection && !refusal.isDenial)
        }
        #expect(DeletionFate.Refusal(code: "AccessDenied", message: "Access Denied").isDenial)
    }

    @Test("a version takes in a request what it is said to take")
    func size() {
        for key in ["k", "a b+c&<>\"'\t\r\n", "é💾\u{301}"] {
            let version = ObjectVersion(key: Array(key.utf8), id: VersionID("v&1")!)
            let with = deletionDocument([version]).count
            #expect(version.deletionBytes == with - deletionDocument([]).count)
        }
    }

    @Test("a thousand versions are one request")
    func thousand() throws {
        let versions = versions(1000)
        let rig = try Rig([.init(text: deleted(versions))])
        #expect(try delete(rig, versions).fates == Array(repeating: .deleted, count: 1000))
    }
}

@Suite("deleting one version")
struct DeleteObjectTests {
    /// Answers, and what they mean.
    static let answers:
        [(name: String, reply: FaultServer.Reply, fate: DeletionFate?, stops: Bool)] = [
            ("204", .init(204, headers: [("x-amz-version-id", "v+/=")]), .deleted, false),
            (
                "204 for a marker",
                .init(
                    204,
                    headers: [("x-amz-version-id", "v+/="), ("x-amz-delete-marker", "true")]),
                .deleted, false
            ),
            ("204 that does not say what it deleted", .init(204), .unknown, false),
            (
                "a marker made", .init(204, headers: [("x-amz-delete-marker", "true")]), .unknown,
                true
            ),
            ("another version", .init(204, headers: [("x-amz-version-id", "v9")]), .unknown, true),
            ("404 NoSuchVersion", .error(404, "NoSuchVersion"), .deleted, false),
            (
                "403", .error(403, "AccessDenied"),
                .failed(.init(code: "AccessDenied", message: "m", requestID: "RID")), false
            ),
            ("404 NoSuchBucket", .error(404, "NoSuchBucket"), nil, false),
            ("400 ExpiredToken", .error(400, "ExpiredToken"), nil, false),
            ("404 without a body", .init(404), nil, false),
        ]

    @Test("each answer is read for what it says", arguments: answers.indices)
    func answer(index: Int) throws {
        let (name, reply, fate, stops) = Self.answers[index]
        let rig = try Rig([reply])
        let version = ObjectVersion(key: Array("a b\u{1}/é".utf8), id: VersionID("v+/=")!)
        do throws(S3Error) {
            let answer = try rig.client.delete(version, inBucket: "bkt")
            #expect(answer.fates == [fate], "\(name)")
            #expect((answer.stop != nil) == stops, "\(name)")
        } catch {
            #expect(fate == nil, "\(name): \(error)")
        }
        let request = rig.server.requests[0]
        #expect(request.method == "DELETE")
        #expect(request.target == "/bkt/a%20b%01/%C3%A9?versionId=v%2B%2F%3D")
    }
}
