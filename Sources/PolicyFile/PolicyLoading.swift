import CivilTime
import Retention
import Yams

extension Policy {
    /// Reads a policy from the bytes of its file.
    ///
    /// Everything that is wrong is reported at once, in the order of the lines. Warnings are about
    /// files that are taken but probably do not do what was meant. `path` appears in both and is
    /// not opened.
    public static func load(
        bytes: [UInt8], path: String
    ) throws(PolicyProblems) -> (policy: Policy, warnings: [PolicyProblem]) {
        let reader: Reader
        do {
            let source = try SourceText(bytes: bytes, path: path)
            reader = Reader(source: source, document: try Document.parse(source))
        } catch {
            throw PolicyProblems([error])
        }
        let draft = reader.policy(reader.document.root)
        guard reader.problems.isEmpty, let draft else {
            throw PolicyProblems(reader.problems.sorted { $0.isBefore($1) })
        }
        reader.warn(about: draft)
        return (draft.policy, reader.warnings.sorted { $0.isBefore($1) })
    }
}

extension PolicyProblem {
    fileprivate func isBefore(_ other: PolicyProblem) -> Bool {
        (line, column) < (other.line, other.column)
    }
}

/// A policy and the places of its rules, for warnings.
struct Draft {
    var policy: Policy
    var rules: [RuleDraft]
}

struct RuleDraft {
    var rule: PolicyRule
    var place: Place
    var keep: Place
    var globs: [Place]
}

/// What may stand at the top of the file and in a rule.
struct Defaults {
    var pick = Pick.first
    var minAge = CalendarDuration(days: 2)
    var minVersions = 3
    var keepOldest = true
    var health = Health()
}

extension Reader {
    /// The whole file; nil only if something was reported.
    func policy(_ root: Node) -> Draft? {
        guard let fields = fields(of: root, .policy) else { return nil }
        version(fields)
        let bucket = bucket(fields)
        let zone = zone(fields)
        let dayStarts = fields["day-starts"].flatMap { number($0, "day-starts", 0...23) } ?? 0
        let calendar = CivilCalendar(zone: zone, dayStarts: dayStarts)
        let rules = rules(fields, defaults: defaults(fields, over: Defaults()))
        let policy = Policy(
            path: source.path, bucket: bucket?.name ?? "", prefix: bucket?.prefix ?? [],
            region: fields["region"].flatMap { short($0, "region", RegionText.parse) },
            endpointURL: fields["endpoint-url"].flatMap {
                short($0, "endpoint-url", EndpointText.parse)
            },
            timezone: zone.identifier, calendar: calendar, rules: rules.map(\.rule),
            pins: list(fields, "pins").compactMap { pin($0, prefix: bucket?.prefix ?? []) },
            unmatched: fields["unmatched"].flatMap {
                word($0, "unmatched", [("keep", .keep), ("error", .error)])
            } ?? .keep,
            orphans: orphans(fields), incompleteUploads: incompleteUploads(fields),
            released: list(fields, "released").compactMap {
                release($0, calendar, prefix: bucket?.prefix ?? [])
            },
            limits: limits(fields), bucketProblemSite: site(fields.places["bucket"]))
        return Draft(policy: policy, rules: rules)
    }

    private func version(_ fields: Fields) {
        guard let node = fields["version"] else {
            if fields.places["version"] == nil {
                report(
                    fields.place, "'version' is missing", hint: "add the line 'version: 1'")
            }
            return
        }
        guard let version = number(node, "version", 1...Int.max) else { return }
        if version != 1 {
            report(
                place(of: node), "version \(version) of the policy format is not known",
                hint: "this release knows version 1")
        }
    }

    private func bucket(_ fields: Fields) -> BucketText? {
        guard let node = fields["bucket"] else {
            report(
                fields.place, "'bucket' is missing", hint: "add a line like 'bucket: acme-backups'")
            return nil
        }
        guard let bucket = short(node, "bucket", BucketText.parse) else { return nil }
        if bucket.prefix.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }) {
            warn(
                place(of: node), "a prefix is a plain string, '*' and '?' stand for themselves",
                hint: "globs belong in 'match' of a rule")
        } else if bucket.prefix.first == UInt8(ascii: "/") {
            warn(
                place(of: node), "the prefix begins with '/', keys rarely do",
                hint: "one '/' follows the bucket's name")
        }
        return bucket
    }

    private func zone(_ fields: Fields) -> Zone {
        guard let node = fields["timezone"],
            let name = text(node, "timezone", "the name of a zone", hint: ZoneNames.example)?.string
        else { return .utc }
        if let zone = PolicyFile.zone(named: name) { return zone }
        report(
            place(of: node), "unknown time zone \(Printable.quoted(name))",
            hint: ZoneNames.hint(for: name))
        return .utc
    }

    private func orphans(_ fields: Fields) -> Orphans {
        guard let node = fields["delete-markers"],
            let value = self.fields(of: node, .deleteMarkers)?["orphans"]
        else { return .keep }
        return word(value, "orphans", [("keep", .keep), ("remove", .remove)]) ?? .keep
    }

    private func incompleteUploads(_ fields: Fields) -> IncompleteUploads {
        guard let node = fields["incomplete-uploads"] else { return .keep }
        if case .scalar(let scalar) = node, isPlain(node) {
            if scalar.string != "keep" {
                report(
                    place(of: node), "'incomplete-uploads' must be 'keep' or a mapping",
                    hint: Section.incompleteUploads.example)
            }
            return .keep
        }
        guard let fields = self.fields(of: node, .incompleteUploads) else { return .keep }
        guard let age = fields["abort-after"] else {
            if fields.places.isEmpty {
                report(
                    fields.place, "'incomplete-uploads' says nothing",
                    hint: Section.incompleteUploads.example)
            }
            return .keep
        }
        let duration = duration(
            age, "abort-after", zeroHint: "an upload that is going on would be aborted too")
        return duration.map { .abortAfter($0) } ?? .keep
    }

    private func limits(_ fields: Fields) -> Limits {
        guard let node = fields["limits"], let fields = self.fields(of: node, .limits) else {
            return .standard
        }
        var limits = Limits.standard
        if let node = fields["max-delete"] {
            limits.maxDelete = limit(node, "max-delete") ?? limits.maxDelete
        }
        limits.maxDeleteOfKey = fields["max-delete-of-key"].flatMap {
            limit($0, "max-delete-of-key")
        }
        limits.maxDeleteVersions = fields["max-delete-versions"].flatMap {
            number($0, "max-delete-versions", 1...1_000_000_000_000)
        }
        if let node = fields["max-delete-bytes"], let size = size(node, "max-delete-bytes") {
            limits.maxDeleteBytes = size
            if size == 0 { noLimit(node, "max-delete-bytes", hint: "leave it out for no limit") }
        }
        return limits
    }

    private func limit(_ node: Node, _ name: String) -> Ratio? {
        guard let share = share(node, name) else { return nil }
        if share.partsPerMillion == 0 {
            noLimit(node, name, hint: "100% is no limit; to delete nothing write 'keep: all'")
        }
        return share
    }

    private func noLimit(_ node: Node, _ name: String, hint: String) {
        report(place(of: node), "'\(name)' of 0 could mean no limit or no deletion", hint: hint)
    }

    /// A text with a syntax of its own.
    private func short<Value>(
        _ node: Node, _ name: String, _ parse: (String) throws(Complaint) -> Value
    ) -> Value? {
        text(node, name).flatMap { value(of: $0, node, name, parse) }
    }

    private func list(_ fields: Fields, _ name: String) -> [Node] {
        fields[name].flatMap { elements(of: $0, name, hint: "for example: [{ key: … }]") } ?? []
    }

    private func site(_ place: Place?) -> ProblemSite {
        let place = place ?? Place(line: 1, column: 1)
        return ProblemSite(
            place: place,
            sourceLine: source.lines.indices.contains(place.line - 1)
                ? source.lines[place.line - 1] : "")
    }
}
