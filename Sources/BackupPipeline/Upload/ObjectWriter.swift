public import S3
internal import Threads

/// Stores a stream of unknown length as one object: small ones with one request, others in parts,
/// several of them in flight.
///
/// Nothing exists under the key before ``finish()`` has put the parts together. Memory is bounded
/// by the size of a part times one more than the parts in flight. A part that fails in passing is
/// sent again from its buffer; a part that fails for good cancels the others.
public final class ObjectWriter {
    /// What may be set about a writer.
    public struct Options: Sendable {
        /// The bytes of the first parts; see ``PartSizes``.
        public var partSize = 16 << 20
        /// The most parts in flight.
        public var concurrency = 4
        /// What is stored with the object.
        public var attributes = ObjectAttributes()
        /// The most parts.
        public var partLimit = Client.partsPerUpload
        /// Told, once, that four fifths of the parts are used up: the bytes so far, and the most
        /// that fit.
        public var onLength: @Sendable (_ bytes: Int64, _ most: Int64) -> Void = { _, _ in }
        /// Told how many bytes the server has confirmed, from several threads.
        public var progress: @Sendable (Int64) -> Void = { _ in }

        /// The standard options.
        public init() {}
    }

    /// What was stored.
    public enum Outcome: Sendable {
        /// The object is there.
        case stored(StoredObject)
        /// It may be there or not; the upload id helps to find out.
        case unknown(S3Error, uploadID: String)
    }

    /// What is left of a stream that was given up.
    public enum Remains: Sendable {
        /// Nothing: no upload was begun, or it was thrown away.
        case nothing
        /// Parts of an upload that could not be thrown away; they are paid for.
        case upload(id: String, S3Error)
        /// Whether an upload with an unknown id is left cannot be told: the answer was lost.
        case perhaps
    }

    private let client: Client
    private let location: S3Location
    private let options: Options
    private let sizes: PartSizes
    private let halt: Cancellation
    private let work: Monitor<PartWork>
    private var current: PartBuffer?
    private var number = 1
    private var checksum = CRC64NVME()
    private var crew: SenderCrew?
    private var mayHaveTwin = false

    /// A writer of the object at `location`. `halt` must be the cancellation of `client`; the writer
    /// cancels it where a part fails for good.
    public init(
        client: Client, location: S3Location, halt: Cancellation, options: Options = Options()
    ) {
        self.client = client
        self.location = location
        self.options = options
        self.halt = halt
        sizes = PartSizes(first: options.partSize)
        work = Monitor(
            PartWork(budget: sizes.first * (options.concurrency + 1)))
    }

    /// Whether an upload that nobody will complete may be left beside the object's own, because the
    /// answer to its beginning was lost.
    public var mayLeaveUpload: Bool { crew?.upload.mayHaveTwin ?? mayHaveTwin }

    /// The CRC64NVME of all bytes so far.
    public var crc64nvme: CRC64NVME { checksum }

    /// What a part failed with.
    var failure: S3Error? { work.change { $0.failure } }

    /// Takes the next bytes. Throws what a part failed with, or why there is no room for it.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        checksum.update(bytes)
        var rest = bytes
        while !rest.isEmpty {
            let buffer = try current ?? begin()
            let taken = buffer.append(rest)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(taken))
            if buffer.isFull, !rest.isEmpty { try handOver(buffer) }
        }
    }

    /// Stores what was written, and says what became of it. Throws where nothing was stored.
    public func finish() throws -> Outcome {
        guard let crew else { return try finishSmall() }
        if let buffer = current { try handOver(buffer) }
        work.change { $0.isEnded = true }
        crew.join()
        let parts = try work.change { try $0.finishedParts() }
        switch try client.completeMultipartUpload(crew.upload, parts: parts) {
        case .completed(let object): return .stored(object)
        case .unknown(let error): return .unknown(error, uploadID: crew.upload.id)
        }
    }

    /// Gives the stream up: ends what is in flight and throws the parts away, through a client
    /// that `halt` does not stop.
    ///
    /// A part that was on its way may arrive after the upload was thrown away, and stay: it is
    /// thrown away once more then. Source: Amazon S3 API Reference, AbortMultipartUpload.
    public func abandon(through patient: Client) -> Remains {
        halt.cancel()
        guard let crew else { return mayHaveTwin ? .perhaps : .nothing }
        work.change { $0.isEnded = true }
        crew.join()
        do throws(S3Error) {
            try patient.abort(crew.upload)
            if work.change({ $0.mayHaveStrayPart }) { try patient.abort(crew.upload) }
            return crew.upload.mayHaveTwin ? .perhaps : .nothing
        } catch {
            return .upload(id: crew.upload.id, error)
        }
    }

    private func finishSmall() throws -> Outcome {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        do throws(S3Error) {
            return .stored(
                try client.putObject(
                    current?.bytes ?? empty, key: location.key, bucket: location.bucket,
                    attributes: options.attributes))
        } catch {
            guard error.effectUnknown else { throw error }
            return .unknown(error, uploadID: "")
        }
    }

    private func begin() throws -> PartBuffer {
        let size = sizes[number]
        try work.await { work -> Result<Void, any Error>? in work.reserve(size) }.get()
        do {
            let buffer = try PartBuffer(capacity: size)
            current = buffer
            return buffer
        } catch {
            work.change { $0.release(size) }
            throw error
        }
    }

    private func handOver(_ buffer: PartBuffer) throws {
        guard number <= options.partLimit else { throw StreamTooLong(parts: number - 1) }
        if number == options.partLimit / 5 * 4 + 1 {
            options.onLength(
                Int64(sizes.capacity(parts: number - 1)),
                Int64(sizes.capacity(parts: options.partLimit)))
        }
        if crew == nil { crew = try beginUpload() }
        try work.change { try $0.add(number, buffer) }
        number += 1
        current = nil
    }

    private func beginUpload() throws -> SenderCrew {
        do throws(S3Error) {
            let upload = try client.createMultipartUpload(
                key: location.key, bucket: location.bucket, attributes: options.attributes)
            return SenderCrew(
                upload: upload, clients: (0..<options.concurrency).map { _ in client.another() },
                work: work, halt: halt, progress: options.progress)
        } catch {
            mayHaveTwin = error.effectUnknown
            throw error
        }
    }
}

/// A stream is longer than S3 admits for one object.
public struct StreamTooLong: Error, CustomStringConvertible {
    /// The parts that it filled.
    public let parts: Int
    /// The problem in words.
    public var description: String {
        "the stream is longer than \(parts) parts can hold"
    }
}
