internal import CLibCrypto

/// HMAC-SHA256 with one key for many messages (RFC 2104).
///
/// The key is mixed in once; a message costs two copies of a state and its own hashing. One a
/// thread: an instance must not be shared without a lock.
final class MessageAuthentication {
    private let inner: OpaquePointer
    private let outer: OpaquePointer
    private let running: OpaquePointer

    /// The key of this instance; it is not kept.
    init(key: UnsafeRawBufferPointer) {
        guard let inner = EVP_MD_CTX_new(), let outer = EVP_MD_CTX_new(),
            let running = EVP_MD_CTX_new()
        else { fatalError("out of memory") }
        self.inner = inner
        self.outer = outer
        self.running = running
        let sha256 = Digest.Algorithm.sha256
        precondition(EVP_DigestInit_ex2(running, sha256.implementation, nil) == 1)
        var block = [UInt8](repeating: 0, count: 64)
        if key.count > 64 {
            precondition(EVP_DigestUpdate(running, key.baseAddress, key.count) == 1)
            precondition(EVP_DigestFinal_ex(running, &block, nil) == 1)
        } else {
            block.withUnsafeMutableBytes { $0.copyBytes(from: key) }
        }
        MessageAuthentication.begin(inner, block, mask: 0x36)
        MessageAuthentication.begin(outer, block, mask: 0x5c)
        block.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    convenience init(key: [UInt8]) {
        // A closure cannot delegate to an initializer: the pointer is taken for the whole call.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: key.count, alignment: 1)
        bytes.copyBytes(from: key)
        self.init(key: UnsafeRawBufferPointer(bytes))
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    deinit {
        // libcrypto wipes a context's state before it frees it.
        EVP_MD_CTX_free(inner)
        EVP_MD_CTX_free(outer)
        EVP_MD_CTX_free(running)
    }

    /// The 32 bytes that authenticate `message`.
    func authenticate(_ message: UnsafeRawBufferPointer) -> [UInt8] {
        var inside = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            precondition(EVP_MD_CTX_copy_ex(running, inner) == 1)
            precondition(EVP_DigestUpdate(running, message.baseAddress, message.count) == 1)
            withUnsafeMutableBytes(of: &inside) { inside in
                let bytes = inside.baseAddress?.assumingMemoryBound(to: UInt8.self)
                precondition(EVP_DigestFinal_ex(running, bytes, nil) == 1)
                precondition(EVP_MD_CTX_copy_ex(running, outer) == 1)
                precondition(EVP_DigestUpdate(running, bytes, 32) == 1)
            }
            precondition(EVP_DigestFinal_ex(running, buffer.baseAddress, nil) == 1)
            count = 32
        }
    }

    func authenticate(_ message: [UInt8]) -> [UInt8] {
        message.withUnsafeBytes { authenticate($0) }
    }

    private static func begin(_ context: OpaquePointer, _ block: [UInt8], mask: UInt8) {
        var padded = block.map { $0 ^ mask }
        precondition(EVP_DigestInit_ex2(context, Digest.Algorithm.sha256.implementation, nil) == 1)
        precondition(EVP_DigestUpdate(context, padded, padded.count) == 1)
        padded.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}
