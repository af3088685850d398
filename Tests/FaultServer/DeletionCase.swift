internal import Foundation

/// One answer to a batch of deletions and what must become of it, from fixtures/s3-answers.json.
public struct DeletionCase: Decodable, Sendable {
    /// What was asked for: pairs of key and version id.
    public struct Asked: Decodable, Sendable {
        /// The pairs.
        public var objects: [[String]]
        /// Whether only failures are to be answered for.
        public var quiet: Bool
    }

    /// What becomes of the pairs.
    public struct Result: Decodable, Sendable {
        /// Each pair stands in one of these.
        public var deleted, failed, retry, unknown: [[String]]

        /// A result without any.
        public init() { (deleted, failed, retry, unknown) = ([], [], [], []) }
    }

    /// The name of the case.
    public var id: String
    /// The status of the answer.
    public var status: Int
    /// What was asked for.
    public var request: Asked
    private var body_b64: String
    /// What the answer means as a whole: `ok`, `retry`, `unknown`, `fail` or `stop`.
    public var outcome: String
    /// Why.
    public var why: String
    /// What becomes of each pair, where the answer tells.
    public var result: Result?

    /// The body of the answer.
    public var body: [UInt8] { Array(Data(base64Encoded: body_b64)!) }

    /// Every case of the fixture.
    public static let all: [DeletionCase] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../fixtures/s3-answers.json")
        let list = try! JSONSerialization.jsonObject(with: Data(contentsOf: file))
        return (list as! [[String: Any]]).filter { $0["op"] as! String == "DeleteObjects" }.map {
            try! JSONDecoder().decode(
                DeletionCase.self, from: JSONSerialization.data(withJSONObject: $0))
        }
    }()
}

extension DeletionCase: CustomStringConvertible {
    /// What a test that fails calls it.
    public var description: String { "\(id): \(why)" }
}
