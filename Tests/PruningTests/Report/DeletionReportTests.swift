import Console
import Foundation
import S3
import Testing

@testable import Pruning

@Suite("the report of deletions")
struct DeletionReportTests {
    private static let refusals = [
        DeletionFate.Refusal(
            code: "AccessDenied", message: "Access Denied because object protected by object lock."
        ),
        DeletionFate.Refusal(code: "AccessDenied", message: ""),
        DeletionFate.Refusal(code: "InternalError", message: "We encountered an internal error."),
    ]

    private func written(_ body: (ByteWriter) throws -> Void) throws -> String {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "deletions-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = try ByteWriter.file(path)
        try body(writer)
        try writer.finish()
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    private func remainder(_ key: String, _ refusal: DeletionFate.Refusal?) -> Deleter.Remainder {
        Deleter.Remainder(
            version: ObjectVersion(key: Array(key.utf8), id: VersionID("v1")!),
            outcome: refusal.map { .refused($0) } ?? .unknown)
    }

    private var result: DeletionResult {
        var result = DeletionResult(planned: 1234)
        result.deleted = 1000
        result.bytesDeleted = 3 << 30
        result.protected = 1
        result.denied = 2
        result.failed = 3
        result.unknown = 4
        return result
    }

    @Test("says in words what became of every version")
    func text() throws {
        let text = try written { output in
            let report = DeletionTextReport(output: output, bucket: "bkt/db/", isVerbose: false)
            for (index, refusal) in Self.refusals.enumerated() {
                try report.add(remainder("db/\(index)", refusal))
            }
            try report.add(remainder("db/3", nil))
            try report.end(result)
        }
        #expect(
            text == """

                DELETED
                  bkt/db/: deleted 1,000 of 1,234 versions, 3.0 GiB; 1 protected, 2 denied, 3
                    failed, 4 unknown, 224 not tried
                  protected db/0 v1
                    AccessDenied: Access Denied because object protected by object lock.
                  denied db/1 v1
                    AccessDenied
                  failed db/2 v1
                    InternalError: We encountered an internal error.
                  unknown db/3 v1

                """)
    }

    static let stops: [(stop: DeletionResult.Stop, says: String)] = [
        (.interrupted, "stopped: interrupted"),
        (.untrustworthy("it makes markers"), "stopped: it makes markers"),
        (.unreadable("the file is gone"), "stopped: the file is gone"),
        (.denied(refusals[1]), "these credentials may not delete versions: AccessDenied"),
    ]

    @Test("says why it ended early", arguments: stops.indices)
    func stopped(index: Int) throws {
        let (stop, says) = Self.stops[index]
        let text = try written { output in
            var result = DeletionResult(planned: 2)
            result.stop = stop
            try DeletionTextReport(output: output, bucket: "b", isVerbose: false).end(result)
        }
        #expect(text.contains(says) && text.contains("2 not tried"), "\(text)")
    }

    @Test("names a hundred versions, and with --verbose every one")
    func verbose() throws {
        for (isVerbose, lines) in [(false, 100), (true, 250)] {
            let text = try written { output in
                let report = DeletionTextReport(output: output, bucket: "b", isVerbose: isVerbose)
                for number in 0..<250 { try report.add(remainder("key\(number)", nil)) }
                try report.end(DeletionResult(planned: 250))
            }
            let named = text.split(separator: "\n").filter { $0.hasPrefix("  unknown key") }
            #expect(named.count == lines)
            #expect(text.contains("… and 150 more versions (--verbose)") == !isVerbose)
        }
    }

    static let hostile = [
        "\u{1B}[2J\u{1B}]0;owned\u{7}", "a\nDELETED\n  all", "bidi\u{202E}gpg", "\u{9B}31m",
        "\u{0}\u{8}\r", String(repeating: "long words ", count: 40),
    ]

    @Test("shows keys and messages made to deceive as they are", arguments: hostile)
    func isHarmless(words: String) throws {
        let refusal = DeletionFate.Refusal(code: "Code" + words, message: words)
        let text = try written { output in
            let report = DeletionTextReport(output: output, bucket: "b", isVerbose: true)
            try report.add(remainder(words, refusal))
            var result = DeletionResult(planned: 1)
            result.stop = .denied(refusal)
            try report.end(result)
        }
        #expect(text.utf8.allSatisfy { $0 == 0x0A || $0 >= 0x20 && $0 != 0x7F })
        #expect(!text.unicodeScalars.contains { (0x80...0x9F).contains($0.value) })
        #expect(!text.contains("\u{202E}"))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.filter { $0 == "DELETED" }.count == 1)
        let spaced = words.contains("long words")
        if spaced { #expect(lines.allSatisfy { $0.count <= 80 }) }
        let json = try written { output in
            let report = DeletionJSONReport(output: output, bucket: "b")
            try report.add(remainder(words, refusal))
        }
        let data = Data(json.utf8)
        let object = try #require(
            try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["key"] as? String == words && object["message"] as? String == words)
        #expect(json.filter { $0 == "\n" }.count == 1)
    }

    @Test("in JSON names bucket and prefix, and every number")
    func json() throws {
        let text = try written { output in
            let report = DeletionJSONReport(
                output: output, bucket: "bkt", prefix: Array("db/".utf8))
            try report.add(remainder("db/1", Self.refusals[1]))
            try report.end(result)
        }
        #expect(
            text == """
                {"type":"remainder","bucket":"bkt","key":"db/1","version_id":"v1",\
                "outcome":"denied","code":"AccessDenied","message":""}
                {"type":"result","bucket":"bkt","prefix":"db/","planned":1234,"deleted":1000,\
                "bytes_deleted":3221225472,"protected":1,"denied":2,"failed":3,"unknown":4,\
                "not_tried":224,"stopped":null}

                """)
    }
}
