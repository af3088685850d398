public import ArgumentParser
import BackupPipeline
import Console
import Invocation
public import S3

extension ObjectAttributes.Encryption.Algorithm: ExpressibleByArgument {}

/// Whether uploads carry a CRC64NVME.
enum ChecksumChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, on, off

    var use: ChecksumUse {
        switch self {
        case .auto: .auto
        case .on: .on
        case .off: .off
        }
    }
}

/// How an object is stored and sent.
struct StoringOptions: ParsableArguments {
    @Option(
        name: .customLong("part-size"),
        help: ArgumentHelp(
            "The size of the first parts, 5MiB to 5GiB; later ones grow where they must.",
            discussion: """
                A stream that begins with 16MiB may be 5.8 TiB long, with 64MiB 15 TiB, with \
                256MiB 25 TiB. Two parts are in memory at least, and the last ones of a stream as \
                long as that have up to 5 GiB.
                """,
            valueName: "size"),
        transform: ByteSize.init(argument:))
    var partSize = ByteSize(bytes: 16 << 20)

    @Option(
        help: ArgumentHelp("The most parts in flight, 1 to 64.", valueName: "n"))
    var concurrency = 4

    @Option(
        help: ArgumentHelp(
            "Something to store with the object; may be given several times.",
            valueName: "name=value"))
    var metadata: [String] = []

    @Option(
        name: .customLong("storage-class"),
        help: ArgumentHelp("The storage class.", valueName: "class"))
    var storageClass: String?

    @Option(help: "How S3 encrypts what it stores: AES256, aws:kms or aws:kms:dsse.")
    var sse: ObjectAttributes.Encryption.Algorithm?

    @Option(
        name: .customLong("sse-kms-key-id"),
        help: ArgumentHelp("The key that S3 encrypts with.", valueName: "key"))
    var kmsKeyID: String?

    @Option(
        help: ArgumentHelp("Tags of the object (needs s3:PutObjectTagging).", valueName: "k=v&…"))
    var tagging: String?

    @Option(
        name: .customLong("limit-rate"),
        help: ArgumentHelp("Send at most so much in a second, such as 10MiB/s.", valueName: "rate"),
        transform: Self.rate)
    var limitRate: ByteSize?

    @Option(
        help: ArgumentHelp(
            "Whether parts carry a CRC64NVME: auto (to AWS only), on or off.", valueName: "when"))
    var checksums = ChecksumChoice.auto

    func validate() throws {
        guard PartSizes.bounds.contains(Int(partSize.bytes)) else {
            throw ValidationError("--part-size is 5MiB to 5GiB")
        }
        guard (1...64).contains(concurrency) else {
            throw ValidationError("--concurrency is a number from 1 to 64")
        }
        if kmsKeyID != nil, sse == nil || sse == .s3 {
            throw ValidationError("--sse-kms-key-id goes with --sse aws:kms")
        }
        var names: Set<Substring> = []
        for item in metadata {
            guard let equals = item.firstIndex(of: "="), equals > item.startIndex else {
                throw ValidationError("--metadata is written as NAME=VALUE")
            }
            guard names.insert(item.lowercased().prefix { $0 != "=" }).inserted else {
                throw ValidationError("--metadata \(item[..<equals]) is given twice")
            }
            if item.lowercased().hasPrefix("backup-") {
                throw ValidationError("--metadata names that begin with backup- are our own")
            }
        }
    }

    /// What is stored with the object: what was asked for, and `own` metadata.
    func attributes(own: [String: String]) -> ObjectAttributes {
        var metadata = own
        for item in self.metadata {
            let name = item.prefix { $0 != "=" }
            metadata[String(name)] = String(item.dropFirst(name.count + 1))
        }
        return ObjectAttributes(
            contentType: "application/pgp-encrypted", metadata: metadata,
            storageClass: storageClass,
            encryption: sse.map { .init($0, keyID: kmsKeyID) }, tagging: tagging)
    }

    /// How requests are sent: nobody can make the input again, so that a server in trouble is
    /// waited for as long as 15 minutes, unless AWS_MAX_ATTEMPTS says less.
    func adjust(_ options: inout Client.Options, hasOwnLimit: Bool) {
        if !hasOwnLimit { options.retry.maxAttempts = nil }
        options.checksums = checksums.use
        options.sendLimit = limitRate.map { SendLimit(bytesPerSecond: Int($0.bytes)) }
    }

    @Sendable private static func rate(_ text: String) throws -> ByteSize {
        let size = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
        let rate = try ByteSize(argument: size)
        guard rate.bytes >= 1024 else { throw ValidationError("a rate is at least 1KiB/s") }
        return rate
    }
}
