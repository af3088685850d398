import FaultServer
import Foundation
import Synchronization

/// Buckets that a scripted server keeps, to be listed and pruned, with what goes wrong with them.
final class PruneStore: Sendable {
    struct Version: Sendable, Hashable {
        var key: String
        var id: String
        var daysOld: Double
        var size = 100
        var isMarker = false
    }

    /// What the server says beside the truth.
    struct Course: Sendable {
        /// The XML inside of `VersioningConfiguration`, by bucket; enabled where there is none.
        var versioning: [String: String] = [:]
        /// Seconds by which the server's clock is ahead.
        var clockOffset = 0.0
        /// The `Date` header in place of the one of that clock; empty for none.
        var date: String?
        /// An answer to a listing of a bucket in place of the right one.
        var listing: @Sendable (_ bucket: String) -> FaultServer.Reply? = { _ in nil }
        /// Whether a listing names all keys, whatever its prefix.
        var ignoresPrefix = false
        /// The most versions of a page.
        var pageSize = Int.max
        /// What is sent in place of the right page, which is numbered from 0 in its listing.
        var page: @Sendable (_ number: Int, _ right: FaultServer.Reply) -> FaultServer.Reply = {
            $1
        }
        /// An answer to a deletion in place of the right one; the request has no effect then.
        var deletion:
            @Sendable (_ number: Int, _ request: FaultServer.Received) ->
                FaultServer.Reply? = { _, _ in nil }
        /// The code that refuses a version in the answer to a batch.
        var refusal: @Sendable (_ id: String) -> String? = { _ in nil }
    }

    private struct State {
        var versions: [String: [Version]]
        var deletions = 0
    }

    private let state: Mutex<State>
    private let course: Course

    /// Buckets with their versions, newest first for each key, keys in order.
    init(_ versions: [String: [Version]], _ course: Course = Course()) {
        state = Mutex(State(versions: versions))
        self.course = course
    }

    /// `keys` keys of `versions` versions each, a day apart, the newest `daysOld` days old.
    static func nightly(keys: Int, versions: Int, daysOld: Double = 1) -> [Version] {
        (0..<keys).flatMap { key in
            (0..<versions).map { night in
                Version(
                    key: String(format: "k%05d", key), id: "i\(key)-\(night)",
                    daysOld: daysOld + Double(night))
            }
        }
    }

    /// The ids that a bucket holds, in the order of its listing.
    func ids(_ bucket: String = "bkt") -> [String] {
        state.withLock { ($0.versions[bucket] ?? []).map(\.id) }
    }

    /// How many requests to delete came.
    var deletions: Int { state.withLock { $0.deletions } }

    /// Puts another version of a key before its others.
    func put(_ version: Version, in bucket: String = "bkt") {
        state.withLock { state in
            let versions = state.versions[bucket] ?? []
            let place = versions.firstIndex { $0.key == version.key } ?? versions.count
            state.versions[bucket]?.insert(version, at: place)
        }
    }

    /// Takes every version away.
    func removeAll(of bucket: String = "bkt") { state.withLock { $0.versions[bucket] = [] } }

    func server() throws -> FaultServer { try FaultServer { [self] in reply(to: $0) } }

    /// The answer to a request, with its effect.
    func reply(to request: FaultServer.Received) -> FaultServer.Reply {
        let bucket = String(request.path.dropFirst().prefix { $0 != "/" })
        var reply =
            switch (request.method, request.query) {
            case ("GET", let query) where query["versioning"] != nil: versioning(bucket)
            case ("GET", _): course.listing(bucket) ?? page(bucket, request)
            default: deletion(bucket, request)
            }
        reply.headers.append(("Date", course.date ?? Self.httpDate(course.clockOffset)))
        return reply
    }

    static func httpDate(_ offset: Double) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.string(from: Date(timeIntervalSinceNow: offset))
    }

    private func versioning(_ bucket: String) -> FaultServer.Reply {
        let text = course.versioning[bucket] ?? "<Status>Enabled</Status>"
        return .init(text: "<VersioningConfiguration>\(text)</VersioningConfiguration>")
    }

    private func page(_ bucket: String, _ request: FaultServer.Received) -> FaultServer.Reply {
        let prefix = request.query["prefix"] ?? ""
        let all = state.withLock { $0.versions[bucket] ?? [] }
            .filter { course.ignoresPrefix || $0.key.hasPrefix(prefix) }
        let marker = request.query["key-marker"].map {
            (key: $0, id: request.query["version-id-marker"])
        }
        let start = Self.start(after: marker, in: all)
        let end = course.pageSize < all.count - start ? start + course.pageSize : all.count
        let now = Date(timeIntervalSinceNow: course.clockOffset)
        let format = ISO8601DateFormatter()
        let newest = Dictionary(all.map { ($0.key, $0.id) }) { first, _ in first }
        let text = all[start..<end].map { version in
            let name = version.isMarker ? "DeleteMarker" : "Version"
            let date = format.string(from: now.addingTimeInterval(-86_400 * version.daysOld))
            let isLatest = newest[version.key] == version.id
            return
                "<\(name)><Key>\(encoded(version.key))</Key><VersionId>\(version.id)</VersionId>"
                + "<IsLatest>\(isLatest)</IsLatest><LastModified>\(date)</LastModified>"
                + (version.isMarker ? "" : "<ETag>\"e\"</ETag><Size>\(version.size)</Size>")
                + "</\(name)>"
        }.joined()
        let next =
            end == all.count
            ? ""
            : "<NextKeyMarker>\(encoded(all[end - 1].key))</NextKeyMarker>"
                + "<NextVersionIdMarker>\(all[end - 1].id)</NextVersionIdMarker>"
        let right = FaultServer.Reply(
            text: "<ListVersionsResult><Name>\(bucket)</Name><Prefix>\(encoded(prefix))</Prefix>"
                + "<EncodingType>url</EncodingType><IsTruncated>\(end < all.count)</IsTruncated>"
                + next + text + "</ListVersionsResult>")
        return course.page(course.pageSize == .max ? 0 : start / course.pageSize, right)
    }

    /// Where a listing goes on. Of a marker whose version is gone the rest of the key is skipped,
    /// as Ceph does it.
    private static func start(
        after marker: (key: String, id: String?)?, in versions: [Version]
    ) -> Int {
        guard let marker else { return 0 }
        if let place = versions.firstIndex(where: { $0.key == marker.key && $0.id == marker.id }) {
            return place + 1
        }
        return versions.firstIndex {
            Array(marker.key.utf8).lexicographicallyPrecedes(Array($0.key.utf8))
        } ?? versions.count
    }

    private func deletion(_ bucket: String, _ request: FaultServer.Received) -> FaultServer.Reply {
        let number = state.withLock { state in
            state.deletions += 1
            return state.deletions - 1
        }
        if let reply = course.deletion(number, request) { return reply }
        guard request.method == "POST" else {
            let id = request.query["versionId"] ?? ""
            remove([id], from: bucket)
            return .init(204, headers: [("x-amz-version-id", id)])
        }
        let body = String(decoding: request.body, as: UTF8.self)
        var text = ""
        var gone: Set<String> = []
        for match in body.matches(of: /<Key>(.*?)<\/Key><VersionId>(.*?)<\/VersionId>/) {
            let id = String(match.2)
            let name = "<Key>\(match.1)</Key><VersionId>\(id)</VersionId>"
            if let code = course.refusal(id) {
                text += "<Error>\(name)<Code>\(code)</Code><Message>object lock</Message></Error>"
            } else {
                gone.insert(id)
                text += "<Deleted>\(name)</Deleted>"
            }
        }
        remove(gone, from: bucket)
        return .init(text: "<DeleteResult>\(text)</DeleteResult>")
    }

    private func remove(_ ids: Set<String>, from bucket: String) {
        state.withLock { $0.versions[bucket]?.removeAll { ids.contains($0.id) } }
    }
}

/// The program against such a server, with policies that keep one version of each key.
struct PruneRig {
    let store: PruneStore
    let server: FaultServer
    var program: Program

    init(_ store: PruneStore) throws {
        self.store = store
        server = try store.server()
        program = try Program()
        program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
        program.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
        program.environment["AWS_MAX_ATTEMPTS"] = "2"
        program.environment["AWS_REGION"] = "us-east-1"
        program.environment["AWS_ENDPOINT_URL_S3"] = server.url
    }

    /// A policy that keeps the newest version of each key, or more.
    func policy(
        _ bucket: String = "bkt", more: String = "limits: { max-delete: 100% }\n",
        keep: String = "daily: 1", name: String? = nil
    ) throws -> String {
        try program.policy(
            "version: 1\nbucket: \(bucket)\nmin-age: 0\nmin-versions: 1\nkeep-oldest: false\n"
                + "keep: { \(keep) }\n" + more,
            name: (name ?? bucket) + ".yaml")
    }

    /// `s3prune --apply` with these options, `--yes` among them.
    func apply(_ options: [String] = [], policy: String? = nil) async throws -> Command.Outcome {
        let path = try policy ?? self.policy()
        return try await program.s3prune(["--apply", "--yes", "--policy", path] + options)
    }

    /// Runs `s3prune` on a terminal, types `answer` once `mark` is seen, and gives all that was
    /// shown as its output.
    func onTerminal(
        _ arguments: [String], answer: String, after mark: String = "[y/N] "
    ) async throws -> Command.Outcome {
        let script = """
            import os, pty, sys
            answer, mark = sys.argv[1].encode(), sys.argv[2].encode()
            process, terminal = pty.fork()
            if process == 0:
                os.execv(sys.argv[3], sys.argv[3:])
            shown, typed = b"", False
            while True:
                try:
                    data = os.read(terminal, 4096)
                except OSError:
                    break
                if not data:
                    break
                shown += data
                if not typed and mark in shown:
                    os.write(terminal, answer)
                    typed = True
            sys.stdout.buffer.write(shown)
            sys.stdout.flush()
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            sys.exit(code if code >= 0 else 128 - code)
            """
        return try await program.run(
            "/usr/bin/python3",
            ["-c", script, answer, mark, "\(Places.products)/s3prune"] + arguments)
    }
}
