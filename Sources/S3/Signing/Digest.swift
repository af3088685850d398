internal import CLibCrypto

/// A running hash of bytes.
///
/// One a thread: an instance must not be shared.
public final class Digest {
    /// The hash functions that S3 asks for.
    ///
    /// Unchecked: an `EVP_MD` never changes once fetched, and these are never freed.
    public struct Algorithm: @unchecked Sendable {
        /// SHA-256, 32 bytes: what signatures are made of.
        public static let sha256 = Algorithm(name: "SHA256", size: 32)
        /// SHA-1, 20 bytes: only for the names that AWS's tools give to cached files.
        public static let sha1 = Algorithm(name: "SHA1", size: 20)
        /// MD5, 16 bytes: only for `Content-MD5`, which finds accidents, not attacks.
        public static let md5 = Algorithm(name: "MD5", size: 16)

        /// The number of bytes of a hash.
        public let size: Int
        let implementation: OpaquePointer

        /// Fetched once: libcrypto 3 otherwise looks it up by name at every hash, which costs
        /// more than hashing a request does.
        private init(name: String, size: Int) {
            guard let implementation = EVP_MD_fetch(nil, name, nil) else {
                fatalError("libcrypto offers no \(name): its configuration excludes it")
            }
            self.implementation = implementation
            self.size = size
        }
    }

    /// What is computed.
    public let algorithm: Algorithm
    private let context: OpaquePointer

    /// A hash of nothing so far.
    public init(_ algorithm: Algorithm) {
        guard let context = EVP_MD_CTX_new() else { fatalError("out of memory") }
        self.algorithm = algorithm
        self.context = context
        reset()
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Forgets what was hashed.
    public func reset() {
        precondition(EVP_DigestInit_ex2(context, algorithm.implementation, nil) == 1)
    }

    /// Hashes more bytes.
    public func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1)
    }

    /// Hashes more bytes.
    public func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The hash of all bytes since the beginning; the next byte begins a new one.
    public func finish() -> [UInt8] {
        let result = [UInt8](unsafeUninitializedCapacity: algorithm.size) { buffer, count in
            precondition(EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1)
            count = algorithm.size
        }
        reset()
        return result
    }

    /// The same as lowercase hex digits.
    public func finishText() -> String { Hex.encode(finish()) }

    /// The SHA-256 of `bytes` as 64 lowercase hex digits.
    public static func sha256Text(_ bytes: [UInt8]) -> String { Hex.encode(hash(bytes, .sha256)) }

    /// The hash of `bytes`.
    public static func hash(_ bytes: [UInt8], _ algorithm: Algorithm) -> [UInt8] {
        let digest = Digest(algorithm)
        digest.update(bytes)
        return digest.finish()
    }
}

extension Request.Payload {
    /// The payload whose bytes are all in memory.
    public static func hashing(_ body: [UInt8]) -> Request.Payload {
        .sha256(hex: Hex.encode(Digest.hash(body, .sha256)))
    }
}
