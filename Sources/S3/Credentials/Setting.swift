/// A value of the configuration together with where it was found.
public struct Setting<Value: Sendable>: Sendable {
    /// The value.
    public let value: Value
    /// Where it was found.
    public let origin: Origin

    /// A value from `origin`.
    public init(_ value: Value, from origin: Origin) {
        self.value = value
        self.origin = origin
    }
}

/// Where a value of the configuration was found.
public enum Origin: Sendable, Hashable {
    /// An option of the command line, such as `--region`.
    case option(String)
    /// The policy file at this path.
    case policy(String)
    /// A variable of the environment.
    case environment(String)
    /// A line of a shared configuration or credentials file.
    case file(path: String, line: Int, section: String)
    /// Another value, which it follows from.
    case inferred(from: String)
    /// Nobody said anything.
    case standard
}

extension Origin: CustomStringConvertible {
    /// In words, for reports: `option --region`, `/home/ada/.aws/config:12 [profile work]`.
    public var description: String {
        switch self {
        case .option(let name): "option \(name)"
        case .policy(let path): "policy \(path)"
        case .environment(let name): "environment \(name)"
        case .file(let path, let line, let section): "\(path):\(line) [\(section)]"
        case .inferred(let from): "from \(from)"
        case .standard: "default"
        }
    }
}
