public import Gzip
public import OpenPGP
public import S3

/// The way back: a version of an object, decrypted, unpacked and handed on.
///
/// What is handed on is worth nothing before ``run(into:)`` has returned: only then is it known
/// that the message was encrypted, whole and unchanged and that what is in it is complete.
public struct Restore {
    /// What is restored and how.
    public struct Order: Sendable {
        /// The version.
        public var version: PinnedVersion
        /// Where the secret key is.
        public var keyring = Keyring.own
        /// Its passphrase; without one the agent knows it or asks.
        public var passphrase: Passphrase?
        /// The only key whose signature is accepted.
        public var signer: Fingerprint?
        /// How the content is unpacked.
        public var unpacking = Unpacking.byContent
        /// The most bytes that are handed on.
        public var limit = Int64.max
        /// How the object is fetched.
        public var reading = ObjectReader.Options()

        /// An order with the standard settings.
        public init(_ version: PinnedVersion) { self.version = version }
    }

    /// What was restored.
    public struct Receipt: Sendable {
        /// Bytes of the object.
        public var bytesStored: Int64
        /// Bytes handed on.
        public var bytesRestored: Int64
        /// What the content was packed with.
        public var format: Format
        /// The CRC-32 of what was handed on.
        public var crc32: UInt32
        /// Whom the message was encrypted to.
        public var recipients: [KeyID]
        /// Who signed it.
        public var signature: Decryptor.Signature
    }

    private let order: Order
    private let client: Client
    private let stop: Cancellation
    private let progress: (Int64) -> Void

    /// A restore through connections like that of `client`, which `stop` ends. `progress` is told
    /// how many bytes of the object were read.
    public init(
        _ order: Order, through client: Client, stop: Cancellation,
        progress: @escaping (Int64) -> Void = { _ in }
    ) {
        self.order = order
        self.client = client
        self.stop = stop
        self.progress = progress
    }

    /// Restores everything. Throws what a stage throws, the first one that notices.
    public func run(
        into sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Receipt {
        guard order.version.size > 0 else { throw EmptyObject() }
        let unpacker = Unpacker(order.unpacking, limit: order.limit, into: sink)
        let decryptor = try Decryptor(
            keyring: order.keyring, passphrase: order.passphrase, signer: order.signer,
            limit: Self.limitOfContent(order.limit), cancellation: stop.descriptor
        ) { try unpacker.write($0) }
        try read { try decryptor.write($0) }
        let message = try decryptor.finish()
        let (format, content) = try unpacker.finish()
        // Every byte that one stage put out, the next has taken.
        guard message.bytesIn == order.version.size, message.bytesOut == content.bytesIn else {
            throw BytesMissing()
        }
        return Receipt(
            bytesStored: message.bytesIn, bytesRestored: content.bytesOut, format: format,
            crc32: content.crc32, recipients: message.recipients, signature: message.signature)
    }

    /// Hands the object on as it is stored, and returns its CRC64NVME.
    public func runRaw(
        into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> CRC64NVME {
        guard order.version.size <= order.limit else {
            throw ObjectTooLarge(bytes: order.version.size, limit: order.limit)
        }
        var checksum = CRC64NVME()
        try read {
            checksum.update($0)
            try sink($0)
        }
        guard checksum.count == order.version.size else { throw BytesMissing() }
        return checksum
    }

    private func read(into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        var total: Int64 = 0
        let reader = ObjectReader(
            order.version, through: client, stop: stop, options: order.reading)
        try reader.read {
            try sink($0)
            total += Int64($0.count)
            progress(total)
        }
    }

    /// Content that cannot be compressed is a little larger packed than not.
    static func limitOfContent(_ limit: Int64) -> Int64 {
        let (sum, overflow) = limit.addingReportingOverflow(limit / 64 + (1 << 20))
        return overflow ? .max : sum
    }
}

/// An object is larger than the limit.
public struct ObjectTooLarge: Error, Hashable {
    /// The bytes that it has.
    public let bytes: Int64
    /// The most that are taken.
    public let limit: Int64
}

/// An object has no bytes, and so is no message.
public struct EmptyObject: Error, Hashable, CustomStringConvertible {
    /// The problem in words.
    public var description: String { "the stored object is empty" }
}
