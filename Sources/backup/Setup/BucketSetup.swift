import Console
import Invocation
import S3

/// What is done with a bucket, step by step. Each step reads first and writes only what is missing.
struct BucketSetup {
    let client: Client
    let bucket: String
    /// Whether anything is written at all.
    let changes: Bool
    /// Whether somebody said in which region a bucket is to be made.
    let isRegionSet: Bool

    /// What a step found and did.
    enum Result {
        /// Nothing to do.
        case fine(String)
        /// What was, or would be, set.
        case change(String)
    }

    /// One step.
    struct Step {
        let name: String
        let perform: () throws -> Result
    }

    /// Days after which uploads that were begun and never completed are thrown away.
    static let abortAfterDays = 3

    /// The steps after the bucket itself, in order.
    var steps: [Step] {
        [
            Step(name: "versioning", perform: versioning),
            Step(name: "public access", perform: publicAccess),
            Step(name: "encryption", perform: encryption),
            Step(name: "stale uploads", perform: staleUploads),
        ]
    }

    /// Creates the bucket if there is none. Nil where there is none and nothing is written: then
    /// there is nothing to read either.
    func existence() throws -> Result? {
        switch try client.presence(ofBucket: bucket) {
        case .present: return .fine("exists")
        case .forbidden:
            throw Failure(
                .permission, "bucket \(bucket) is there, and not for these credentials",
                hint: "names of buckets are shared by everybody: take another, or other credentials"
            )
        case .missing: break
        }
        let place = client.endpoint.isAWS ? "created in \(client.endpoint.region)" : "created"
        guard !client.endpoint.isAWS || isRegionSet else {
            throw Failure(
                .configuration, "bucket \(bucket) does not exist, and no region is set for it",
                hint: "a bucket cannot move later: give --region")
        }
        guard changes else { return nil }
        try client.createBucket(bucket)
        return .change(place)
    }

    private func versioning() throws -> Result {
        let found = try client.versioning(ofBucket: bucket)
        if found.status == .enabled {
            return .fine("enabled" + (found.needsMFA ? ", deletion needs a second factor" : ""))
        }
        let before = found.status == .never ? "was never on" : "was suspended"
        if changes {
            try client.enableVersioning(ofBucket: bucket)
            try requireSet(
                try client.versioning(ofBucket: bucket).status == .enabled, "PutBucketVersioning")
        }
        let delay = client.endpoint.isAWS ? "; AWS may need 15 minutes: upload after that" : ""
        return .change("enabled, \(before)\(delay)")
    }

    /// Two of the four switches take the effect from public ACLs and policies, two refuse such
    /// writes. Ceph 16 with BlockPublicAcls refuses every upload, and with BlockPublicPolicy every
    /// bucket policy: away from AWS those two stay as they are.
    private func publicAccess() throws -> Result {
        let found = try client.publicAccessBlock(ofBucket: bucket)
        var wanted = PublicAccessBlock.all
        if !client.endpoint.isAWS {
            wanted.blocksACLs = found.blocksACLs
            wanted.blocksPolicy = found.blocksPolicy
        }
        let words =
            wanted == .all
            ? "blocked"
            : "ignored; not refused, as some servers would then refuse every upload and policy"
        if found == wanted { return .fine(words) }
        if changes {
            try client.setPublicAccessBlock(wanted, ofBucket: bucket)
            try requireSet(
                try client.publicAccessBlock(ofBucket: bucket) == wanted, "PutPublicAccessBlock")
        }
        return .change(words)
    }

    private func encryption() throws -> Result {
        if let found = try client.encryption(ofBucket: bucket) {
            return .fine(found.algorithm.rawValue)
        }
        let wanted = ObjectAttributes.Encryption(.s3)
        if changes {
            try client.setEncryption(wanted, ofBucket: bucket)
            try requireSet(
                try client.encryption(ofBucket: bucket) == wanted, "PutBucketEncryption")
        }
        return .change(wanted.algorithm.rawValue)
    }

    private func staleUploads() throws -> Result {
        let found = try client.lifecycle(ofBucket: bucket)
        if let days = found.abortsUploadsAfterDays(prefix: "") {
            return .fine("aborted after \(Quantity.count(days, "day"))")
        }
        if changes {
            try client.setLifecycle(
                try found.abortingUploads(afterDays: Self.abortAfterDays, prefix: ""),
                ofBucket: bucket)
            try requireSet(
                try client.lifecycle(ofBucket: bucket).rules.count == found.rules.count + 1,
                "PutBucketLifecycleConfiguration")
        }
        let rest = found.rules.isEmpty ? "" : ", beside the rules that are there"
        return .change("aborted after \(Self.abortAfterDays) days\(rest)")
    }

    /// A server that overlooks a setting, or a proxy before it, may still call its writing a
    /// success. AWS does not, and may show the old setting for a while.
    private func requireSet(
        _ isSet: @autoclosure () throws -> Bool, _ operation: String
    ) throws {
        if client.endpoint.isAWS { return }
        guard try isSet() else {
            throw Failure(
                .failed,
                "\(operation) \(bucket): the server took the setting and does not show it")
        }
    }

    /// Lifecycle rules that delete by themselves, whatever a policy keeps. Empty where they cannot
    /// be read.
    func lifecycleRulesThatDelete() -> [LifecycleConfiguration.Rule] {
        guard let found = try? client.lifecycle(ofBucket: bucket) else { return [] }
        return found.rules.filter {
            $0.isEnabled && ($0.expiresCurrent || $0.expiresNoncurrentAfterDays != nil)
        }
    }
}
