import Glibc
import PolicyFile
import Pruning

/// The locks of the buckets that a run deletes in, taken in the order of their names.
struct RunLocks {
    private var locks: [String: RunLock] = [:]

    /// Takes every lock, or throws and holds none.
    init(_ policies: [LoadedPolicy], environment: [String: String]) throws {
        for bucket in Set(policies.map(\.policy.bucket)).sorted() {
            locks[bucket] = try RunLock(
                bucket: bucket, process: getpid(), environment: environment)
        }
    }

    /// The lock of a bucket.
    subscript(bucket: String) -> RunLock? { locks[bucket] }
}
