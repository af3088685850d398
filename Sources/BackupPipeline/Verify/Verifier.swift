internal import Gzip
public import OpenPGP
public import S3
internal import Threads

/// Looks whether versions are what a restore will need.
///
/// Without a secret key the first bytes of each are fetched: whether it is an OpenPGP message that
/// is encrypted and protected against changes, whom it is encrypted to, and whether it has the size
/// that it says it has (gpg says it of files, not of streams; up to 8 KiB the whole message is
/// walked through). With one, everything is done that a restore does but for the writing.
public struct Verifier: Sendable {
    /// What is looked for.
    public struct Order: Sendable {
        /// The only keys that messages may be encrypted to; nil where any will do.
        public var expected: ExpectedKeys?
        /// Whether each of them must be, and not only one.
        public var needsEveryKey = true
        /// Whether everything is fetched, decrypted and unpacked.
        public var isFull = false
        /// For that: where the secret key is.
        public var keyring = Keyring.own
        /// For that: its passphrase.
        public var passphrase: Passphrase?
        /// For that: the only key whose signature is accepted.
        public var signer: Fingerprint?
        /// For that: the most bytes that may come out of one version; nil for what its size lets
        /// expect (``PinnedVersion/likelyLimit``).
        public var limit: Int64?
        /// The most requests at once.
        public var concurrency = 4

        /// Looks at the first bytes alone.
        public init() {}
    }

    private let order: Order
    private let stop: Cancellation

    /// A verifier whose requests `stop` ends.
    public init(_ order: Order, stop: Cancellation) {
        self.order = order
        self.stop = stop
    }

    /// Looks at these versions of one bucket, and gives a finding for each, in their order.
    ///
    /// Throws where that could not be done, which says nothing about the versions: no permission,
    /// no connection, no gpg, no passphrase.
    public func findings(
        about targets: [(location: S3Location, version: KeyHistory.Version)],
        through client: Client, progress: (Int64) -> Void = { _ in }
    ) throws -> [Finding] {
        if order.isFull {
            return try targets.map { try whole($0.location, $0.version, client, progress) }
        }
        let work = Monitor(Work(count: targets.count))
        let clients = (0..<min(order.concurrency, targets.count)).map { _ in
            Owned(client: client.another())
        }
        guard !clients.isEmpty else { return [] }
        onThreads(clients.count) { number in
            while let index = work.change({ $0.next() }) {
                let (location, version) = targets[index]
                let result = Result {
                    try beginning(location, version, clients[number].client)
                }
                work.change { $0.results[index] = result }
            }
        }
        return try work.change { try $0.findings() }
    }

    /// A client that one thread uses.
    private struct Owned: @unchecked Sendable { let client: Client }

    /// What the threads share.
    private struct Work {
        private var taken = 0
        private let count: Int
        var results: [Int: Result<Finding, any Error>] = [:]

        init(count: Int) { self.count = count }

        mutating func next() -> Int? {
            guard taken < count, !results.values.contains(where: { $0.isFailure }) else {
                return nil
            }
            defer { taken += 1 }
            return taken
        }

        func findings() throws -> [Finding] {
            try results.keys.sorted().map { try results[$0]!.get() }
        }
    }

    // MARK: The first bytes

    private func beginning(
        _ location: S3Location, _ version: KeyHistory.Version, _ client: Client
    ) throws -> Finding {
        var finding = Finding(version)
        guard version.size > 0 else {
            finding.problems = [.init(.empty, "it has no bytes")]
            return finding
        }
        do {
            // The second time for messages to very many keys.
            for length in [8 << 10, 1 << 20] as [Int64] {
                let bytes = try fetch(location, version, min(length, version.size), client)
                if try look(at: bytes, of: version, &finding) { break }
            }
        } catch {
            finding.problems = [try problem(error)]
        }
        return finding
    }

    private func fetch(
        _ location: S3Location, _ version: KeyHistory.Version, _ count: Int64, _ client: Client
    ) throws -> [UInt8] {
        let collected = Collected()
        _ = try client.getObject(
            location.key, bucket: location.bucket, versionID: version.id, range: 0..<count,
            ifMatch: version.etag.isEmpty ? nil : version.etag
        ) { collected.bytes.append(contentsOf: $0) }
        return collected.bytes
    }

    private final class Collected { var bytes: [UInt8] = [] }

    /// Fills in the finding; false where more bytes are needed.
    private func look(
        at bytes: [UInt8], of version: KeyHistory.Version, _ finding: inout Finding
    ) throws -> Bool {
        var inspector = MessageInspector()
        try bytes.withUnsafeBytes { try inspector.feed($0) }
        if bytes.count == version.size {
            finding.head = try inspector.finish()
        } else {
            guard let head = inspector.head else {
                if bytes.count >= 1 << 20 { _ = try inspector.finish() }
                return false
            }
            finding.head = head
        }
        guard let head = finding.head else { return false }
        finding.problems = problems(of: head)
        if let declared = head.declaredSize(in: bytes), declared != version.size {
            finding.problems.append(
                .init(
                    declared > version.size ? .truncated : .trailing,
                    "the message says that it has \(declared) bytes, \(version.size) are stored"))
        }
        return true
    }

    private func problems(of head: MessageHead) -> [Finding.Problem] {
        var problems: [Finding.Problem] = []
        if head.hasPassword { problems.append(.init(.password, "a password opens it, too")) }
        guard let expected = order.expected else { return problems }
        for id in head.keyIDs {
            if id.isHidden {
                problems.append(.init(.hiddenRecipient, "encrypted to a key that is not named"))
            } else if !expected.ids.contains(id) {
                problems.append(.init(.otherRecipient, "encrypted to another key: \(id)"))
            }
        }
        let ids = Set(head.keyIDs)
        // Who hid the keys has been told of above.
        if order.needsEveryKey, !ids.contains(where: \.isHidden) {
            for key in expected.keys where key.ids.isDisjoint(with: ids) {
                problems.append(.init(.missingRecipient, "not encrypted to \(key.fingerprint)"))
            }
        }
        return problems
    }

    // MARK: Everything

    private func whole(
        _ location: S3Location, _ version: KeyHistory.Version, _ client: Client,
        _ progress: (Int64) -> Void
    ) throws -> Finding {
        var finding = try beginning(location, version, client)
        guard finding.isGood else { return finding }
        do {
            let pinned = try PinnedVersion(location, id: version.id, through: client)
            var restoring = Restore.Order(pinned)
            restoring.keyring = order.keyring
            restoring.passphrase = order.passphrase
            restoring.signer = order.signer
            restoring.limit = order.limit ?? pinned.likelyLimit
            restoring.unpacking = Unpacking(of: pinned)
            restoring.reading.concurrency = order.concurrency
            finding.receipt = try withoutActuallyEscaping(progress) { progress in
                try Restore(restoring, through: client, stop: stop, progress: progress).run { _ in }
            }
        } catch {
            finding.problems = [try problem(error)]
        }
        return finding
    }
}

extension Unpacking {
    /// How a version is unpacked where nobody says it: by its content, but what was uploaded
    /// unpacked stays what it was.
    public init(of version: PinnedVersion) {
        self =
            version.info.metadata["backup-compression"] == "none" ? .format(.none) : .byContent
    }
}

extension Result {
    /// Whether it is an error.
    fileprivate var isFailure: Bool { if case .failure = self { true } else { false } }
}
