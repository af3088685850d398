public import CivilTime
internal import FoundationEssentials
internal import S3

/// A plan file that somebody has looked at: what it was made from, and what it deletes.
///
/// The file is read whole and checked before anything is done: every line has its type and its
/// members, keys are in order, no version stands twice, nothing current is deleted, and the
/// numbers of the last line are those of the lines before it.
public final class ReviewedPlan {
    /// The file's path.
    public let path: String
    /// The bucket's name.
    public private(set) var bucket = ""
    /// The plain prefix of the keys.
    public private(set) var prefix = ""
    /// The endpoint's URL; `nil` for a plan from a saved listing.
    public private(set) var endpoint: String?
    /// The policy file as it was named.
    public private(set) var policy = ""
    /// The hash of the policy file.
    public private(set) var policySHA256 = ""
    /// The instant that ages were counted from.
    public private(set) var now = Timestamp(seconds: 0)
    /// Why the plan is not applied without `--expect-deletes`.
    public private(set) var refused: String?
    /// The number of deletions that `--expect-deletes` let pass when the plan was made; `nil` where
    /// it is over no limit, or was not let pass.
    public private(set) var expected: Int?
    /// What the plan deletes.
    public let deletions = VersionSpool()

    private var line = 0
    private var counts = (keys: 0, versions: 0, keep: 0, delete: 0, hold: 0, bytes: Int64(0))
    private var key: [UInt8]?
    private var ids: Set<[UInt8]> = []
    private var pending: [(id: VersionID, size: Int64)] = []
    private var isEnded = false

    /// Reads the plan in the file at `path`. Throws ``PlanFileError`` where it is none, or was cut
    /// or changed.
    public init(path: String) throws {
        self.path = path
        try PlanFileError.refuseWritable(path)
        var lines = try LineReader(path: path)
        while let bytes = try lines.next() {
            line += 1
            try take(bytes)
        }
        guard isEnded else {
            throw PlanFileError(
                path, line: nil, line == 0 ? "the plan is empty" : "the plan has no summary line",
                hint: "the file was cut; make the plan again with --plan-out")
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) throws {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes)) else {
            throw fault("not a line of a plan")
        }
        guard !isEnded else { throw fault("a line after the summary") }
        switch (fields.type, line) {
        case ("plan", 1): try begin(fields)
        case (_, 1): throw fault("a plan begins with its plan line")
        case ("version", _): try add(fields)
        case ("problem", _): break
        case ("summary", _): try end(fields)
        default: throw fault("a plan has no line of this type here")
        }
    }

    private func begin(_ fields: Fields) throws {
        guard fields.schema == "s3prune.plan/1" else {
            throw fault("the plan is not of schema s3prune.plan/1")
        }
        guard let bucket = fields.bucket, let prefix = fields.prefix,
            let policy = fields.policy, let hash = fields.policy_sha256,
            let now = fields.now.flatMap({ Timestamp(rfc3339: $0) })
        else { throw fault("the plan line lacks a member") }
        self.bucket = bucket
        self.prefix = prefix
        self.policy = policy
        self.now = now
        policySHA256 = hash
        endpoint = fields.endpoint
    }

    private func add(_ fields: Fields) throws {
        guard let key = fields.key.map({ Array($0.utf8) }), !key.isEmpty,
            let id = fields.version_id.flatMap({ VersionID($0) }), let size = fields.size,
            size >= 0, let isLatest = fields.is_latest, let isMarker = fields.delete_marker
        else { throw fault("the version line lacks a member, or one of them makes no sense") }
        if key != self.key { try begin(key) }
        guard ids.insert(id.bytes).inserted else { throw fault("a version stands twice") }
        counts.versions += 1
        switch fields.action {
        case "keep": counts.keep += 1
        case "hold": counts.hold += 1
        case "delete":
            guard !isLatest || isMarker else { throw fault("the plan deletes a current version") }
            counts.delete += 1
            counts.bytes = counts.bytes.addingSaturated(size)
            pending.append((id, size))
        default: throw fault("an action is keep, delete or hold")
        }
    }

    private func begin(_ key: [UInt8]) throws {
        if let last = self.key, !last.lexicographicallyPrecedes(key) {
            throw fault("the keys are not in order")
        }
        guard key.starts(with: prefix.utf8) else { throw fault("a key outside the plan's prefix") }
        try flush()
        self.key = key
        ids.removeAll(keepingCapacity: true)
        counts.keys += 1
    }

    private func flush() throws {
        if let key { try deletions.append(key: key, pending) }
        pending.removeAll(keepingCapacity: true)
    }

    private func end(_ fields: Fields) throws {
        try flush()
        let isRight =
            fields.keys == counts.keys && fields.versions == counts.versions
            && fields.keep == counts.keep && fields.delete == counts.delete
            && fields.hold == counts.hold && fields.bytes_deleted == counts.bytes
        guard isRight else {
            throw fault(
                "the numbers of the summary are not those of the lines",
                hint: "the file was cut or changed; to keep a version, pin it in the policy and "
                    + "make the plan again")
        }
        if let expected = fields.expected, expected != counts.delete {
            throw fault("the plan was let pass with another number of deletions")
        }
        refused = fields.refused
        expected = fields.expected
        isEnded = true
    }

    private func fault(
        _ message: String, hint: String = "make the plan again with --plan-out"
    ) -> PlanFileError {
        PlanFileError(path, line: line, message, hint: hint)
    }

    /// The members of all types of lines.
    private struct Fields: Decodable {
        var type: String
        var schema: String?
        var bucket: String?
        var prefix: String?
        var endpoint: String?
        var policy: String?
        var policy_sha256: String?
        var now: String?
        var key: String?
        var version_id: String?
        var size: Int64?
        var is_latest: Bool?
        var delete_marker: Bool?
        var action: String?
        var keys: Int?
        var versions: Int?
        var keep: Int?
        var delete: Int?
        var hold: Int?
        var bytes_deleted: Int64?
        var refused: String?
        var expected: Int?
    }
}
