public import CivilTime

extension Client {
    /// What may be set about sending.
    public struct Options {
        /// A file of certificate authorities instead of the system's.
        public var caBundle: String?
        /// When a request that failed is sent again.
        public var retry = Retry()
        /// Milliseconds without a byte in either direction after which an exchange is given up.
        public var stallMilliseconds = 60_000
        /// Milliseconds that a connection may take to open, TLS included.
        public var connectMilliseconds = 10_000
        /// The most bytes that are sent in a second; nil for no limit.
        public var sendBytesPerSecond: Int?
        /// The `User-Agent` header.
        public var userAgent = "s3prune"
        /// The account that every bucket must belong to: `x-amz-expected-bucket-owner`.
        public var expectedBucketOwner: String?
        /// Whether the requester pays: `x-amz-request-payer`.
        public var requesterPays = false
        /// Ends requests from another thread.
        public var cancellation: Cancellation?
        /// Told about each request and answer, without secrets. It may quote the server: escape it.
        public var debug: ((String) -> Void)?
        /// The local clock, which requests are signed with.
        public var clock: () -> Timestamp
        /// Numbers from 0 up to 1 for the spread of waits.
        public var random: () -> Double
        /// Waits so many seconds.
        public var sleep: (Double) -> Void

        /// Options with the standard limits.
        public init(
            clock: @escaping () -> Timestamp,
            random: @escaping () -> Double = { Double.random(in: 0..<1) },
            sleep: @escaping (Double) -> Void
        ) {
            self.clock = clock
            self.random = random
            self.sleep = sleep
        }
    }
}
