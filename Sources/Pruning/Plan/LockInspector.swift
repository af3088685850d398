internal import CivilTime
internal import Console
internal import Retention
public import S3
internal import Threads

/// Asks a bucket which of the versions that would go are under Object Lock (`--check-locks`).
///
/// A listing shows no locks. Without Object Lock on the bucket nothing is asked; else two requests
/// for each version that the rule lets go: retention and legal hold. What may not be asked is
/// reported once and left to the server, which refuses to delete what is locked.
public final class LockInspector {
    private let bucket: String
    private let connections: [Connection]
    private var isOn: Bool?
    /// The number of versions that were asked for.
    private(set) var asked = 0
    private var refusals: Refusals = [:]

    /// A client that belongs to one thread.
    private struct Connection: @unchecked Sendable {
        let client: Client
    }

    /// The first refusal to tell of each kind of lock.
    private typealias Refusals = [Lock: S3Error]

    /// An inspector over `client` and connections like it, so many at once.
    public init(client: Client, bucket: String, concurrency: Int = 8) {
        self.bucket = bucket
        connections = (0..<max(1, concurrency)).map {
            Connection(client: $0 == 0 ? client : client.another())
        }
    }

    /// What could not be asked, for the report.
    public var problems: [Problem] {
        let denied = [Lock.retention, .legalHold].compactMap { refusals[$0] }
        guard !denied.isEmpty else { return [] }
        let what = denied.map { "\($0.operation): \($0.code)" }.joined(separator: ", ")
        return [
            Problem(
                .locks, key: nil,
                message: "locks could not be asked for (\(PrintableText.escape(what))); the server "
                    + "refuses to delete what is locked",
                hint: "allow s3:GetObjectRetention and s3:GetObjectLegalHold on the keys")
        ]
    }

    /// Marks those of the versions at these indices that are locked at `now`; whether there are any.
    ///
    /// Delete markers cannot be locked and are not asked for. Throws what ends the run: an answer
    /// that is none, or a server that cannot be reached.
    func mark(_ indices: [Int], of versions: KeyVersions, at now: Timestamp) throws -> Bool {
        let objects = try indices.filter { !versions.versions[$0].isMarker }
            .map { (index: $0, version: try version(at: $0, of: versions)) }
        guard !objects.isEmpty, try hasLocks() else { return false }
        let work = Monitor(Work(versions: objects.map(\.version), refusals: refusals))
        let bucket = bucket
        let connections = connections
        onThreads(min(connections.count, (objects.count + 1) / 2)) { number in
            Self.ask(work, connections[number], bucket, at: now)
        }
        let done = work.change { $0 }
        refusals = done.refusals
        asked += objects.count
        if let failure = done.failure { throw failure }
        var isAnyLocked = false
        for (object, lock) in zip(objects, done.locks) where lock != .none {
            versions.versions[object.index].lock = lock
            isAnyLocked = true
        }
        return isAnyLocked
    }

    private func version(at index: Int, of versions: KeyVersions) throws -> ObjectVersion {
        let bytes = try versions.versionID(at: index)
        guard let id = VersionID(bytes) else {
            throw ListingError("the listing gives a version id that is none", key: versions.key)
        }
        return ObjectVersion(key: versions.key, id: id)
    }

    /// Whether versions of the bucket can be locked; asked once.
    private func hasLocks() throws -> Bool {
        if let isOn { return isOn }
        var on = true
        do throws(S3Error) {
            on = try connections[0].client.lock(ofBucket: bucket).isEnabled
        } catch {
            // Not knowing, each version is asked for.
            guard error.code == "AccessDenied" else { throw error }
        }
        isOn = on
        return on
    }

    /// What the threads share.
    private struct Work {
        let versions: [ObjectVersion]
        var locks: [Lock]
        var refusals: Refusals
        var failure: S3Error?
        private var next = 0

        init(versions: [ObjectVersion], refusals: Refusals) {
            self.versions = versions
            self.refusals = refusals
            locks = Array(repeating: .none, count: versions.count)
        }

        /// The next version to ask for; `nil` where there is none, or nothing more may be asked.
        mutating func turn() -> Int? {
            guard failure == nil, refusals.count < 2, next < versions.count else { return nil }
            defer { next += 1 }
            return next
        }
    }

    private static func ask(
        _ work: Monitor<Work>, _ connection: Connection, _ bucket: String, at now: Timestamp
    ) {
        while true {
            let turn = work.change { work in work.turn().map { ($0, work.versions[$0]) } }
            guard let (index, version) = turn else { return }
            do throws(S3Error) {
                let protection = try answer(work, .retention) { () throws(S3Error) in
                    try connection.client.retention(of: version, inBucket: bucket)
                }
                if protection?.holds(at: now) == true {
                    work.change { $0.locks[index] = .retention }
                    continue
                }
                let isHeld = try answer(work, .legalHold) { () throws(S3Error) in
                    try connection.client.hasLegalHold(version, inBucket: bucket)
                }
                if isHeld == true { work.change { $0.locks[index] = .legalHold } }
            } catch {
                work.change { if $0.failure == nil { $0.failure = error } }
            }
        }
    }

    /// What the server says; `nil` where it is or was denied, or where the version is gone.
    private static func answer<Answer>(
        _ work: Monitor<Work>, _ lock: Lock, _ request: () throws(S3Error) -> Answer
    ) throws(S3Error) -> Answer? {
        guard work.change({ $0.refusals[lock] }) == nil else { return nil }
        do throws(S3Error) {
            return try request()
        } catch {
            if error.status == 404 { return nil }
            guard error.code == "AccessDenied" else { throw error }
            work.change { if $0.refusals[lock] == nil { $0.refusals[lock] = error } }
            return nil
        }
    }
}
