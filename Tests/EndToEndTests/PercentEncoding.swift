/// A key as a line of a plan or a page of a listing has it: percent-encoded but for the slash and
/// what RFC 3986 calls unreserved.
func encoded(_ key: String) -> String {
    key.utf8.map { byte in
        let isPlain = unreserved.contains(byte)
        return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + hex(byte)
    }.joined()
}

private let unreserved = Set(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/".utf8)

private func hex(_ byte: UInt8) -> String {
    String(byte, radix: 16, uppercase: true)
}
