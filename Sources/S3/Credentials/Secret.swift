internal import CLibCrypto

/// Bytes that must never be printed: a secret access key, a session token.
///
/// Printing, interpolating, reflecting and dumping all give `<redacted>`. The bytes live in one
/// allocation shared by all copies; it is overwritten before it is freed. The text that a secret
/// was made from (an environment variable, a file's buffer) is the caller's to forget.
public struct Secret: Sendable {
    private let storage: Storage

    /// Copies `bytes` into a secret.
    public init(_ bytes: some Collection<UInt8>) {
        storage = Storage(bytes)
    }

    /// Copies the UTF-8 of `text` into a secret.
    public init(_ text: String) {
        storage = Storage(text.utf8)
    }

    /// The number of bytes; 0 is a legal, empty secret.
    public var count: Int { storage.bytes.count }

    /// Whether the secret has no bytes.
    public var isEmpty: Bool { storage.bytes.isEmpty }

    /// Hands the bytes to `body`; the pointer is valid only during the call.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(storage.bytes))
    }

    /// The one allocation. Unchecked: written in `init`, read afterwards, wiped in `deinit`.
    private final class Storage: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer

        init(_ source: some Collection<UInt8>) {
            bytes = .allocate(byteCount: source.count, alignment: 1)
            bytes.copyBytes(from: source)
        }

        deinit {
            wipe(bytes)
            bytes.deallocate()
        }
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Always `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Overwrites memory in a way that no optimizer leaves out.
func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
    OPENSSL_cleanse(bytes.baseAddress, bytes.count)
}
