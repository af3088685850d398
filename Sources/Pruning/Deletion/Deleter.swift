public import S3
internal import Threads

/// Deletes exactly the versions of a spool, and accounts for every one of them.
///
/// The first request deletes a single version: a server that does something else than asked, or
/// that refuses, shows it there. Then up to 1000 versions go with a request and several requests
/// go at once. What an answer leaves open is looked up in a new listing before anything is said
/// about it.
public final class Deleter {
    /// What may be set about a run of deletions.
    public struct Options {
        /// The most requests in flight.
        public var concurrency = 4
        /// Whether no further request may begin; asked from several threads.
        public var isStopped: @Sendable () -> Bool = { false }
        /// Told how many versions are accounted for.
        public var progress: (Int) -> Void = { _ in }
        /// Numbers from 0 up to 1 for the spread of waits.
        public var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
        /// Waits so many seconds.
        public var sleep: @Sendable (Double) -> Void
        /// Called where the server asks for fewer requests.
        var throttled: @Sendable () -> Void = {}

        /// Options with the standard limits.
        public init(sleep: @escaping @Sendable (Double) -> Void) { self.sleep = sleep }
    }

    /// A version that is still there, or of which nobody knows.
    public struct Remainder: Sendable {
        /// The version.
        public let version: ObjectVersion
        /// What became of it; never `deleted`.
        public let outcome: DeletionResult.Outcome
    }

    private let client: Client
    private let bucket: String
    private let options: Options

    /// A deleter over `client` and connections like it.
    public init(client: Client, bucket: String, options: Options) {
        self.client = client
        self.bucket = bucket
        self.options = options
    }

    /// Deletes the versions of `spool`; `remaining` is told of each that was asked for and is not
    /// gone.
    public func run(
        _ spool: VersionSpool, remaining: (Remainder) -> Void
    ) -> DeletionResult {
        let work = Monitor(DeletionWork(spool, concurrency: options.concurrency))
        var options = options
        options.throttled = { work.change { $0.throttled() } }
        let settings = Settings(bucket: bucket, options: options)
        // The first batch is a single version and runs alone.
        Self.send(work, Connection(client: client), settings, batches: 1)
        lookForFirst(work)
        let connections = (0..<options.concurrency).map { number in
            let connection = Connection(client: number == 0 ? client : client.another())
            connection.client.onThrottling = options.throttled
            return connection
        }
        onThreads(options.concurrency) { number in
            Self.send(work, connections[number], settings, batches: .max)
        }
        return settle(work, remaining)
    }

    /// Where the server says nothing of the first deletion, it must have done it before it is asked
    /// for more.
    private func lookForFirst(_ work: Monitor<DeletionWork>) {
        let first = work.change { $0.result.stop == nil ? $0.unknown.first?.version : nil }
        guard let first else { return }
        var presence = Relisting(client: client, bucket: bucket)
        if presence.outcome(of: first) == .deleted { return }
        work.change {
            $0.stop(
                .untrustworthy(
                    "the server does not say what it deleted, and the listing does not show that "
                        + "it did: key \(String(decoding: first.key, as: UTF8.self))"))
        }
    }

    /// A client that belongs to one thread.
    private struct Connection: @unchecked Sendable {
        let client: Client
    }

    /// What all threads look at; `progress` is called by one of them at a time.
    private struct Settings: @unchecked Sendable {
        let bucket: String
        let options: Options
    }

    private static func send(
        _ work: Monitor<DeletionWork>, _ connection: Connection, _ settings: Settings,
        batches: Int
    ) {
        let sender = BatchSender(
            client: connection.client, bucket: settings.bucket, options: settings.options)
        for _ in 0..<batches {
            let batch = work.await { work -> DeletionWork.Turn? in
                work.turn(isStopped: settings.options.isStopped())
            }
            guard case .batch(let entries, let singly) = batch else { return }
            let versions = entries.map(\.version)
            let outcome = singly ? sender.sendSingly(versions) : sender.sendTogether(versions)
            work.change { work in
                work.end(entries, outcome)
                settings.options.progress(work.accounted)
            }
        }
    }

    /// Looks up what is unknown, and hands out what remains.
    private func settle(
        _ work: Monitor<DeletionWork>, _ remaining: (Remainder) -> Void
    ) -> DeletionResult {
        let (open, remainders) = work.change { ($0.unknown, $0.remainders) }
        var result = work.change { $0.result }
        do throws(SpillError) {
            try remainders.forEach(remaining)
        } catch {
            if result.stop == nil { result.stop = .unreadable("\(error)") }
        }
        var presence = Relisting(client: client, bucket: bucket)
        for entry in open {
            let outcome = presence.outcome(of: entry.version)
            result.count(outcome, size: entry.size)
            if outcome != .deleted {
                remaining(Remainder(version: entry.version, outcome: outcome))
            }
        }
        return result
    }
}
