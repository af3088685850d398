import CivilTime
import Glibc
import PolicyFile
import Pruning

@testable import OpenPGP
@testable import S3

/// Everything that reads bytes of others. A surface may refuse its input; it may not crash, hang
/// or take more memory than libFuzzer allows.
let surfaces: [String: @Sendable ([UInt8]) -> Void] = [
    "listing": fuzzListing, "answers": fuzzAnswers, "policy": fuzzPolicy,
    "aws-json": { fuzzSavedListing($0, name: "listing.json") },
    "inventory": fuzzInventory, "urls": fuzzURLs, "openpgp": fuzzOpenPGP, "ini": fuzzSharedFile,
    "plan": fuzzPlan,
]

/// A listing page: whole and in pieces must give the same.
@Sendable private func fuzzListing(_ bytes: [UInt8]) {
    let whole = VersionPageParser(bucket: nil, prefix: [])
    let pieces = VersionPageParser(bucket: nil, prefix: [])
    let once = try? whole.parse(bytes)
    let again: VersionPage? = try? {
        for start in stride(from: 0, to: bytes.count, by: 7) {
            try bytes[start..<min(start + 7, bytes.count)].withUnsafeBytes { try pieces.feed($0) }
        }
        return try pieces.finish()
    }()
    precondition((once == nil) == (again == nil), "whole and in pieces disagree")
    guard let once, let again else { return }
    precondition(once.entries.count == again.entries.count)
    for (one, other) in zip(once.entries, again.entries) {
        precondition(once.key(of: one).elementsEqual(again.key(of: other)))
        precondition(once.versionID(of: one).elementsEqual(again.versionID(of: other)))
        precondition(one.modified == other.modified && one.size == other.size)
        precondition(VersionID(once.versionID(of: one)) != nil)
    }
}

/// The answers to deletions and errors, and any small document.
@Sendable private func fuzzAnswers(_ bytes: [UInt8]) {
    _ = ErrorAnswer(body: bytes)
    guard let tree = try? XMLTree(bytes) else { return }
    let versions = ["a", "b", "a"].enumerated().map { number, key in
        ObjectVersion(key: Array(key.utf8), id: VersionID("v\(number)")!)
    }
    let answer = DeletionAnswer(tree, to: versions, isQuiet: false)
    precondition(answer.fates.count == versions.count)
    let deleted = answer.fates.count { $0 == .deleted }
    precondition(deleted <= tree.children.count { $0.name == "Deleted" }, "deleted unsaid")
    _ = LifecycleConfiguration.rules(of: tree)
    let fault = Fault(operation: "ListMultipartUploads", resource: .bucket("b"))
    guard let page = try? UploadPage(tree, fault) else { return }
    precondition(page.uploads.allSatisfy { !$0.key.isEmpty && !$0.id.isEmpty })
}

@Sendable private func fuzzPolicy(_ bytes: [UInt8]) {
    do throws(PolicyProblems) {
        let (policy, _) = try Policy.load(bytes: bytes, path: "fuzz.yaml")
        precondition(!policy.rules.isEmpty)
        _ = policy.summary
        _ = policy.rule(forKey: Array("db/shop.sql.gz".utf8))
    } catch {
        precondition(!error.problems.isEmpty)
        for problem in error.problems { _ = problem.rendering }
    }
}

/// Through a file and the whole way to a plan, as `--listing` goes.
@Sendable private func fuzzSavedListing(
    _ bytes: [UInt8], name: String, beside files: [String: [UInt8]] = [:]
) {
    let folder = "/dev/shm/fuzz-\(getpid())"
    mkdir(folder, 0o700)
    let now = Timestamp(seconds: 1_790_000_000)
    for (file, content) in files { write(content, to: folder + "/" + file) }
    write(bytes, to: folder + "/" + name)
    do {
        var source = try OfflineListing(
            paths: [folder + "/" + name], bucket: "acme-backups", prefix: [], now: now)
        let run = PruneRun(policy: policy, sinks: [])
        let header = PlanHeader(
            bucket: "acme-backups", prefix: [], endpoint: nil, policy: "p", policySHA256: "",
            now: now, timezone: "UTC", calendar: policy.calendar, ruleNames: [""],
            isOffline: true)
        let summary = try run.plan(&source) { _ in header }
        precondition(
            summary.totals.keep + summary.totals.delete + summary.totals.hold
                == summary.totals.versions)
    } catch {
        _ = "\(error)"
    }
}

@Sendable private func fuzzInventory(_ bytes: [UInt8]) {
    let manifest = """
        {"sourceBucket":"acme-backups","destinationBucket":"arn:aws:s3:::i","version":"2016-11-30",\
        "creationTimestamp":"1790000000000","fileFormat":"CSV","fileSchema":"Bucket, Key, VersionId, \
        IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, ObjectLockRetainUntilDate, \
        ObjectLockMode, ObjectLockLegalHoldStatus"}
        """
    fuzzSavedListing(bytes, name: "rows.csv", beside: ["manifest.json": Array(manifest.utf8)])
}

@Sendable private func fuzzPlan(_ bytes: [UInt8]) {
    let path = "/dev/shm/fuzz-\(getpid()).jsonl"
    write(bytes, to: path)
    guard let plan = try? ReviewedPlan(path: path) else { return }
    precondition(plan.deletions.count >= 0)
}

@Sendable private func fuzzURLs(_ bytes: [UInt8]) {
    if let decoded = URLDecoding.decode(bytes) {
        precondition(decoded.count <= bytes.count)
        precondition(String(validating: decoded, as: UTF8.self) != nil)
        let again = Array(PercentEncoding.path(decoded).utf8)
        precondition(URLDecoding.decode(again) == decoded, "encoded and decoded is another key")
        precondition(PercentEncoding.decode(again) == decoded)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if let location = try? S3Location(text) {
        precondition((try? S3Location(location.description)) == location)
    }
    _ = try? EndpointURL(text)
    for instant in [Timestamp(rfc3339: text), Timestamp(httpDate: text)].compactMap(\.self) {
        precondition(Timestamp(rfc3339: instant.rfc3339) == instant, "written and read differ")
    }
}

@Sendable private func fuzzOpenPGP(_ bytes: [UInt8]) {
    let whole = bytes.withUnsafeBytes { try? MessageHead(firstBytes: $0) }
    _ = try? KeyFile(path: "key", content: bytes)
    var inspector = MessageInspector()
    defer {
        if let head = inspector.head { precondition(head == whole || whole == nil) }
        if let whole { precondition(inspector.head == whole, "whole and in pieces disagree") }
    }
    do {
        for start in stride(from: 0, to: bytes.count, by: 11) {
            try bytes[start..<min(start + 11, bytes.count)].withUnsafeBytes {
                try inspector.feed($0)
            }
        }
        _ = try inspector.finish()
    } catch {
        _ = "\(error)"
    }
}

@Sendable private func fuzzSharedFile(_ bytes: [UInt8]) {
    do throws(ConfigurationError) {
        let file = try SharedFile(path: "config", bytes: Secret(bytes))
        for property in file.sections.flatMap(\.properties) {
            precondition(file.text(property).utf8.count <= 3 * bytes.count + property.value.count)
            for nested in property.nested { _ = file.text(nested) }
        }
    } catch {
        _ = "\(error)"
    }
}

private let policy: Policy = {
    let text = """
        version: 1
        bucket: acme-backups
        min-age: 1d
        keep: { last: 2, within: 36h, daily: 3, weekly: 2, yearly: all }
        health: { min-size: 10B, expect-per-day: 3, expect-every: 26h, shrink-limit: 50% }
        """
    do throws(PolicyProblems) {
        return try Policy.load(bytes: Array(text.utf8), path: "p").0
    } catch {
        fatalError(error.problems[0].rendering)
    }
}()

private func write(_ bytes: [UInt8], to path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(descriptor) }
    bytes.withUnsafeBytes { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
}
