internal import Glibc
public import S3
internal import Threads

/// Reads one version of an object in order, while several ranges of it are fetched at once.
///
/// Memory is bounded by the size of a range times one more than the connections. A connection that
/// breaks goes on where it was; all ranges are of the same version id and entity tag.
public struct ObjectReader {
    /// How an object is fetched.
    public struct Options: Sendable {
        /// Bytes of a range, at least 1.
        public var rangeSize: Int64 = 8 << 20
        /// The most ranges fetched at once, at least 1.
        public var concurrency = 4

        /// The standard settings.
        public init() {}
    }

    private let version: PinnedVersion
    private let client: Client
    private let stop: Cancellation
    private let options: Options

    /// A reader of this version with connections like that of `client`, which `stop` ends.
    public init(
        _ version: PinnedVersion, through client: Client, stop: Cancellation,
        options: Options = Options()
    ) {
        self.version = version
        self.client = client
        self.stop = stop
        self.options = options
    }

    /// Hands every byte to `sink`, in order; returns after the last one.
    ///
    /// Throws `S3Error`, and what `sink` throws, which ends all requests.
    public func read(into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let work = Monitor(
            RangeWork(
                size: version.size, length: options.rangeSize, window: options.concurrency + 1))
        let count = work.change { $0.count }
        let halt = Cancellation()
        let crew = Crew()
        defer {
            halt.cancel()
            work.change { $0.failed(CancellationOfReading()) }
            crew.join()
        }
        let stop = self.stop
        crew.add { halt.follow(stop) }
        for _ in 0..<min(options.concurrency, count) {
            let fetcher = Fetcher(
                client: client.another(cancellation: halt), version: version, work: work)
            crew.add { fetcher.run() }
        }
        guard crew.count > 1 || count == 0 else { throw NoThread() }
        for index in 0..<count {
            let buffer = try work.await { $0.take(index) }.get()
            try sink(buffer.bytes)
            work.change { $0.finish() }
        }
    }
}

/// Why ranges are not fetched any more; nobody sees it.
private struct CancellationOfReading: Error {}

/// The system gives no thread.
public struct NoThread: Error, CustomStringConvertible {
    /// The problem in words.
    public var description: String { "the system gives no thread" }
}

/// Fetches one range after another; the client is this thread's alone.
private final class Fetcher: @unchecked Sendable {
    private let client: Client
    private let version: PinnedVersion
    private let work: Monitor<RangeWork>

    init(client: Client, version: PinnedVersion, work: Monitor<RangeWork>) {
        self.client = client
        self.version = version
        self.work = work
    }

    func run() {
        while case .fetch(let index, let range) = work.await({ $0.turn() }) {
            do {
                let buffer = try PartBuffer(capacity: range.count)
                _ = try client.getObject(
                    version.location.key, bucket: version.location.bucket, versionID: version.id,
                    range: range, ifMatch: version.info.etag.isEmpty ? nil : version.info.etag
                ) { _ = buffer.append($0) }
                work.change { $0.fetched(index, buffer) }
            } catch {
                work.change { $0.failed(error) }
                return
            }
        }
    }
}

extension Cancellation {
    /// Waits for another cancellation, and follows it; returns at the latest when this one happens.
    fileprivate func follow(_ other: Cancellation) {
        var watched = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&watched, 2, -1) < 0, errno == EINTR {}
        if watched[1].revents != 0 { cancel() }
    }
}

/// Threads that are waited for together.
private final class Crew {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private var threads: [pthread_t] = []

    /// How many were started.
    var count: Int { threads.count }

    /// Starts a thread, if the system gives one.
    func add(_ body: @escaping @Sendable () -> Void) {
        let work = Unmanaged.passRetained(Work(body: body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Work>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        if code == 0 { threads.append(thread) } else { work.release() }
    }

    /// Waits until all have ended.
    func join() {
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }
}
