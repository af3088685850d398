public import Gzip
public import OpenPGP
public import S3

/// One backup: input, compression, encryption and object, joined so that the object appears only
/// when each of them has ended well.
public struct Upload {
    /// What an upload is made of.
    public struct Order {
        /// The object.
        public var location: S3Location
        /// Whom it is encrypted to.
        public var recipients: Recipients
        /// A secret key that signs it.
        public var signer: OpenPGP.Signer?
        /// How it is compressed.
        public var compression = Compression.standard
        /// The fewest bytes of input that are taken for a backup, at least 1 unless an empty one
        /// is wanted.
        public var minimumSize: Int64 = 1
        /// What is stored with it, and how it is sent.
        public var writing = ObjectWriter.Options()

        /// An order with the standard settings.
        public init(to location: S3Location, for recipients: Recipients) {
            self.location = location
            self.recipients = recipients
        }
    }

    /// What was uploaded.
    public struct Receipt: Sendable {
        /// Bytes of the input.
        public var bytesRead: Int64
        /// Bytes of the object.
        public var bytesStored: Int64
        /// The CRC64NVME of the object in Base64, computed here.
        public var crc64nvme: String
        /// What the server says, or why it is not known whether the object is there.
        public var outcome: ObjectWriter.Outcome
        /// Whether an upload that nobody completes may be left.
        public var mayLeaveUpload: Bool
    }

    private let order: Order
    private let input: () throws -> any Input
    private let client: Client
    private let patientClient: Client
    private let halt: Cancellation
    private let progress: (Int64) -> Void

    /// An upload through `client`, which `halt` stops; `patientClient` cleans up after a failure.
    /// `progress` is told how many bytes of the input were taken. The input is made when all else
    /// is ready: no command runs in vain for a key that cannot sign.
    public init(
        _ order: Order, from input: @autoclosure @escaping () throws -> any Input,
        through client: Client, patientClient: Client,
        halt: Cancellation, progress: @escaping (Int64) -> Void = { _ in }
    ) {
        self.order = order
        self.input = input
        self.client = client
        self.patientClient = patientClient
        self.halt = halt
        self.progress = progress
    }

    /// Uploads everything. Throws ``UploadError`` where nothing was stored.
    public func run() throws -> Receipt {
        let writer = ObjectWriter(
            client: client, location: order.location, halt: halt, options: order.writing)
        var input: (any Input)?
        do {
            let encryptor = try Encryptor(
                to: order.recipients, signer: order.signer, cancellation: halt.descriptor
            ) { try writer.write($0) }
            let opened = try self.input()
            input = opened
            return try send(opened, through: encryptor, to: writer)
        } catch {
            // What a part failed with stops everything else, which then fails as well.
            let cause = writer.failure ?? error
            halt.cancel()
            input?.abandon()
            throw UploadError(cause: cause, remains: writer.abandon(through: patientClient))
        }
    }

    private func send(
        _ input: any Input, through encryptor: Encryptor, to writer: ObjectWriter
    ) throws -> Receipt {
        let compressor = try order.compression.compressor { try encryptor.write($0) }
        let bytesRead = try pump(input, into: compressor)
        try input.confirmEnd()
        guard bytesRead >= order.minimumSize else {
            throw InputTooSmall(bytes: bytesRead, minimum: order.minimumSize)
        }
        let compressed = try compressor.finish()
        let message = try encryptor.finish()
        let crc = writer.crc64nvme
        // Every byte that one stage put out, the next has taken.
        guard compressed.bytesIn == bytesRead, compressed.bytesOut == message.bytesIn,
            message.bytesOut == crc.count
        else { throw BytesMissing() }
        let outcome = try writer.finish()
        return Receipt(
            bytesRead: bytesRead, bytesStored: crc.count, crc64nvme: crc.text, outcome: outcome,
            mayLeaveUpload: writer.mayLeaveUpload)
    }

    private func pump(
        _ input: any Input, into compressor: any CompressionStage
    ) throws -> Int64 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var total: Int64 = 0
        while true {
            let count = try input.read(into: buffer)
            guard count > 0 else { return total }
            try compressor.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            total += Int64(count)
            progress(total)
        }
    }
}

/// An input has fewer bytes than a backup is expected to have.
public struct InputTooSmall: Error, Hashable {
    /// The bytes that came.
    public let bytes: Int64
    /// The fewest that are taken.
    public let minimum: Int64
}

/// A stage lost or added bytes: a defect of this program, noticed before anything was stored.
public struct BytesMissing: Error {}

/// An upload that stored nothing.
public struct UploadError: Error {
    /// Why.
    public let cause: any Error
    /// What is left of it on the server.
    public let remains: ObjectWriter.Remains
}
