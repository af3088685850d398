import Foundation
import Testing

extension EndToEnd {
    /// The rights of whoever prunes, as `fixtures/iam/prune-admin.json` says them.
    @Suite("the rights of a pruner")
    struct PrunerRightsTests {
        /// An IAM policy: what it allows and denies, as `ACTION RESOURCE`.
        struct Rights: Decodable, Equatable {
            var allowed: Set<String> = []
            var denied: Set<String> = []

            private enum Keys: String, CodingKey { case statement = "Statement" }

            private struct OneOrMore: Decodable {
                var values: [String]
                init(from decoder: any Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    values =
                        try (try? [container.decode(String.self)])
                        ?? container.decode([String].self)
                }
            }

            private struct Statement: Decodable {
                var Effect: String
                var Action: OneOrMore
                var Resource: OneOrMore
                var Principal: [String: OneOrMore]?
            }

            /// Reads a policy; of one with principals, the statements for `principal` alone.
            init(_ bytes: [UInt8], principal: String? = nil) throws {
                struct Document: Decodable { var Statement: [Rights.Statement] }
                let document = try JSONDecoder().decode(Document.self, from: Data(bytes))
                for statement in document.Statement {
                    if let principal,
                        statement.Principal?["AWS"]?.values.contains(principal) != true
                    {
                        continue
                    }
                    let pairs = Set(
                        statement.Action.values.flatMap { action in
                            statement.Resource.values.map { "\(action) \($0)" }
                        })
                    if statement.Effect == "Allow" {
                        allowed.formUnion(pairs)
                    } else {
                        denied.formUnion(pairs)
                    }
                }
            }

            init(from decoder: any Decoder) throws { self.init() }
            private init() {}

            /// Whether a denial covers this pair, `*` at the end of its action included.
            func denies(_ pair: String) -> Bool {
                let words = pair.split(separator: " ")
                return denied.contains { denial in
                    let parts = denial.split(separator: " ")
                    guard parts[1] == words[1] else { return false }
                    return parts[0].hasSuffix("*")
                        ? words[0].hasPrefix(parts[0].dropLast()) : parts[0] == words[0]
                }
            }
        }

        private func fixture(_ bucket: String) throws -> Rights {
            let path = "\(Places.repository)/fixtures/iam/prune-admin.json"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            return try Rights(Array(text.replacing("BUCKET", with: bucket).utf8))
        }

        @Test("'backup iam pruner' gives those, and the three that ask for parts and locks")
        func ofBackupIAM() async throws {
            let wanted = try fixture("bkt")
            let outcome = try await Program().backup(["iam", "pruner", "--bucket", "bkt"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let given = try Rights(outcome.output)
            #expect(
                given.allowed.subtracting(wanted.allowed) == [
                    "s3:ListMultipartUploadParts arn:aws:s3:::bkt/*",
                    "s3:GetObjectRetention arn:aws:s3:::bkt/*",
                    "s3:GetObjectLegalHold arn:aws:s3:::bkt/*",
                ])
            #expect(wanted.allowed.isSubset(of: given.allowed))
            for pair in wanted.denied { #expect(given.denies(pair), "\(pair)") }
            for pair in given.allowed { #expect(!given.denies(pair), "\(pair)") }
        }

        @Test(
            "the pruner of the tests has exactly those, and the one that Ceph wants for a batch",
            .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
        func ofTests() async throws {
            let ceph = try #require(TestServer.ceph)
            let printed = try await ceph.python(
                "import json\nprint(json.dumps(test_servers.bucket_policy(\"bkt\")))")
            let given = try Rights(
                printed.output, principal: "arn:aws:iam:::user/pruner")
            let wanted = try fixture("bkt")
            #expect(
                given.allowed.symmetricDifference(wanted.allowed) == [
                    "s3:DeleteObject arn:aws:s3:::bkt"
                ])
            #expect(given.denied == wanted.denied)
        }
    }
}
