internal import CivilTime
public import PolicyFile
internal import Retention
public import S3

/// Why the versions of one key are kept or not: the plan of that key alone.
///
/// The limits of a whole run are left out, since one key says nothing about them.
public struct KeyExplanation {
    /// What was found of the key.
    public enum Outcome: Sendable {
        /// Its versions were explained.
        case explained(PlanSummary)
        /// There are none; `longer` is the next key that begins with the one asked for.
        case notFound(longer: [UInt8]?)
    }

    private let policy: Policy
    private let key: [UInt8]

    /// An explanation of exactly this key by the policy that is responsible for it.
    public init(policy: Policy, key: [UInt8]) {
        var policy = policy
        policy.pins.removeAll { $0.key != key }
        policy.limits.removeThoseOfRun()
        self.policy = policy
        self.key = key
    }

    /// The prefix to list the key with: the key itself, but for what XML cannot carry of it.
    public var listedPrefix: [UInt8] { ObjectVersion.carriedPrefix(of: key) }

    /// Explains the key from a listing of the keys that begin with ``listedPrefix``: no page is
    /// read beyond the one on which the key ends. `header` is asked for once, with the first page.
    public func ofBucket(
        _ source: inout some PageSource, sink: any PlanSink,
        header: (VersionPage?) throws -> PlanHeader, problems: () -> [Problem]
    ) throws -> Outcome {
        try explain(&source, prefix: listedPrefix, isWhole: false, sink, header, problems)
    }

    /// Explains the key from a saved listing of the policy's keys, which is read to its end and
    /// refused as for a plan.
    public func ofSavedListing(
        _ source: inout some PageSource, sink: any PlanSink, header: PlanHeader
    ) throws -> Outcome {
        try explain(&source, prefix: policy.prefix, isWhole: true, sink, { _ in header }, { [] })
    }

    private func explain(
        _ source: inout some PageSource, prefix: [UInt8], isWhole: Bool, _ sink: any PlanSink,
        _ makeHeader: (VersionPage?) throws -> PlanHeader, _ problems: () -> [Problem]
    ) throws -> Outcome {
        var page = try source.nextPage()
        let header = try makeHeader(page)
        let planner = Planner(policy: policy, header: header, sinks: [sink])
        let found = Found()
        var grouper = KeyGrouper(prefix: prefix, now: header.now) { [key] versions in
            if versions.key == key {
                try planner.begin()
                try planner.add(versions)
                found.hasKey = true
            } else if found.longer == nil, versions.key.starts(with: key) {
                found.longer = versions.key
            }
            found.isPast = !versions.key.lexicographicallyPrecedes(key)
        }
        // The key itself comes before the longer ones: once it, or one after it, is complete, all
        // is known.
        while let current = page {
            try grouper.add(current)
            if !isWhole, found.isPast { break }
            page = try source.nextPage()
        }
        if page == nil { try grouper.finish() }
        guard found.hasKey else { return .notFound(longer: found.longer) }
        return .explained(try planner.end(problems: problems()))
    }

    private final class Found {
        var hasKey = false
        var isPast = false
        var longer: [UInt8]?
    }
}

/// How a policy came to the rule of a key.
struct RuleMatch {
    /// A rule that matches the key but excludes it.
    struct PassedOver {
        var rule: String
        var glob: String
        var excludedBy: String
    }

    /// The rule; nil where none takes the key.
    var rule: PolicyRule?
    /// The rule's glob that matches the key, the first of them.
    var glob: String?
    /// The rules before it that match the key and exclude it.
    var passedOver: [PassedOver] = []

    init(key: [UInt8], policy: Policy) {
        for rule in policy.rules {
            guard let match = rule.match.first(where: { $0.matches(key) }) else { continue }
            if let exclude = rule.exclude.first(where: { $0.matches(key) }) {
                passedOver.append(
                    PassedOver(
                        rule: rule.rule.name ?? "", glob: match.pattern,
                        excludedBy: exclude.pattern))
            } else {
                self.rule = rule
                glob = match.pattern
                return
            }
        }
    }
}
