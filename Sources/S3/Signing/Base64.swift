internal import CLibCrypto

/// Base64 with padding (RFC 4648, section 4).
public enum Base64 {
    /// The text of `bytes`, on one line.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4 + 1) { buffer in
            // Writes a NUL after the text, which is not counted.
            Int(EVP_EncodeBlock(buffer.baseAddress, bytes, Int32(bytes.count)))
        }
    }
}
