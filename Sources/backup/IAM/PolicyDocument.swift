import Console

/// One statement of an IAM policy.
struct Statement {
    /// What a statement does with the actions it names.
    enum Effect: String {
        case allow = "Allow"
        case deny = "Deny"
    }

    /// What a statement is about.
    enum Scope {
        case bucket, objects, both
    }

    let id: String
    let effect: Effect
    let actions: [String]
    let scope: Scope
    /// The condition as JSON.
    let condition: String?
    /// Whether a prefix narrows what may be listed.
    let isOfPrefix: Bool

    init(
        _ id: String, _ effect: Effect, _ actions: [String], _ scope: Scope,
        condition: String? = nil, isOfPrefix: Bool = false
    ) {
        self.id = id
        self.effect = effect
        self.actions = actions
        self.scope = scope
        self.condition = condition
        self.isOfPrefix = isOfPrefix
    }
}

/// The policy of a role for one bucket, or for the keys in it that begin with a prefix.
struct PolicyDocument {
    let role: Role
    let bucket: String
    let prefix: String
    /// `aws`, `aws-cn` or `aws-us-gov`.
    let partition: String

    /// A policy for the bucket in a region; the region's name tells the partition.
    init(role: Role, bucket: String, prefix: String, region: String) {
        self.role = role
        self.bucket = bucket
        self.prefix = prefix
        partition =
            region.hasPrefix("cn-")
            ? "aws-cn" : region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
    }

    /// The policy as JSON, with its last line's end.
    var json: String {
        let statements = role.statements.map(text).joined(separator: ",\n")
        return """
            {
              "Version": "2012-10-17",
              "Statement": [
            \(statements)
              ]
            }

            """
    }

    private func text(_ statement: Statement) -> String {
        var members = [
            "\"Sid\": \(Self.quoted(statement.id))",
            "\"Effect\": \(Self.quoted(statement.effect.rawValue))",
            "\"Action\": \(Self.list(statement.actions))",
            "\"Resource\": \(Self.list(resources(of: statement)))",
        ]
        if let condition = condition(of: statement) {
            members.append("\"Condition\": \(condition)")
        }
        return "    {\n" + members.map { "      \($0)" }.joined(separator: ",\n") + "\n    }"
    }

    /// A denial is never narrowed to the prefix: it holds for the whole bucket.
    private func resources(of statement: Statement) -> [String] {
        let bucket = "arn:\(partition):s3:::\(self.bucket)"
        let below = statement.effect == .deny ? "" : Self.pattern(prefix)
        switch statement.scope {
        case .bucket: return [bucket]
        case .objects: return ["\(bucket)/\(below)*"]
        case .both: return [bucket, "\(bucket)/\(below)*"]
        }
    }

    private func condition(of statement: Statement) -> String? {
        guard statement.isOfPrefix, !prefix.isEmpty else { return statement.condition }
        let pattern = Self.quoted(Self.pattern(prefix) + "*")
        return "{\"StringLike\": {\"s3:prefix\": \(pattern)}}"
    }

    /// The text where IAM reads patterns: `*`, `?` and `$` are themselves only as variables.
    /// Source: IAM User Guide, "IAM policy elements: Variables and tags".
    static func pattern(_ text: String) -> String {
        text.unicodeScalars.map { "*?$".unicodeScalars.contains($0) ? "${\($0)}" : String($0) }
            .joined()
    }

    private static func list(_ texts: [String]) -> String {
        if texts.count == 1 { return quoted(texts[0]) }
        return "[\n" + texts.map { "        " + quoted($0) }.joined(separator: ",\n") + "\n      ]"
    }

    private static func quoted(_ text: String) -> String { JSONLine.quoted(text.utf8) }
}
