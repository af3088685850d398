public import CivilTime

extension Client {
    /// What may be set about sending. Several clients may share them, so the closures are called
    /// from several threads.
    public struct Options: Sendable {
        /// A file of certificate authorities instead of the system's.
        public var caBundle: String?
        /// Whether the proxies of the environment are used.
        var usesProxy = true
        /// When a request that failed is sent again.
        public var retry = Retry()
        /// Milliseconds without a byte in either direction after which an exchange is given up.
        public var stallMilliseconds = 60_000
        /// Milliseconds that a connection may take to open, TLS included.
        public var connectMilliseconds = 10_000
        /// How many bytes of bodies are sent in a second, by all clients with these options
        /// together; nil for no limit.
        public var sendLimit: SendLimit?
        /// Whether uploads carry a CRC64NVME.
        public var checksums = ChecksumUse.auto
        /// The `User-Agent` header.
        public var userAgent = "s3prune"
        /// The account that every bucket must belong to: `x-amz-expected-bucket-owner`.
        public var expectedBucketOwner: String?
        /// Whether the requester pays: `x-amz-request-payer`.
        public var requesterPays = false
        /// What renews the credentials of all clients with these options.
        public var renewal: CredentialRenewal?
        /// Ends requests from another thread.
        public var cancellation: Cancellation?
        /// Once cancelled, no request is sent again; one that is on its way is waited for.
        public var endOfRetries: Cancellation?
        /// Told about each request and answer, without secrets. It may quote the server: escape it.
        public var debug: (@Sendable (String) -> Void)?
        /// The local clock, which requests are signed with.
        public var clock: @Sendable () -> Timestamp
        /// Numbers from 0 up to 1 for the spread of waits.
        public var random: @Sendable () -> Double
        /// Waits so many seconds in place of the client, whose own waits `cancellation` ends.
        public var sleep: (@Sendable (Double) -> Void)?

        /// Options with the standard limits.
        public init(
            clock: @escaping @Sendable () -> Timestamp,
            random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
            sleep: (@Sendable (Double) -> Void)? = nil
        ) {
            self.clock = clock
            self.random = random
            self.sleep = sleep
        }

        /// Whether a request that failed is not sent again, however it failed.
        var mayNotRepeat: Bool {
            cancellation?.isCancelled == true || endOfRetries?.isCancelled == true
        }
    }
}
