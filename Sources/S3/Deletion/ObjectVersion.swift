/// The id of one version: never empty, because a deletion without one would delete what is
/// current.
public struct VersionID: Hashable, Sendable {
    /// The id as S3 gave it.
    public let bytes: [UInt8]

    /// An id; nil for what can be none: empty, or with white space or control characters.
    public init?(_ bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        self.bytes = Array(bytes)
    }

    /// An id; nil for what can be none.
    public init?(_ text: String) { self.init(text.utf8) }

    /// The version of objects that were written without versioning: `null`.
    public static let null = VersionID(unchecked: Array("null".utf8))

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

extension VersionID: CustomStringConvertible {
    /// The id as text.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// One version of one key: what is deleted, and nothing else.
public struct ObjectVersion: Hashable, Sendable {
    /// The key; bytes as S3 stores them.
    public let key: [UInt8]
    /// The version.
    public let id: VersionID

    /// A version of `key`.
    public init(key: [UInt8], id: VersionID) {
        self.key = key
        self.id = id
    }

    /// Whether XML can carry the key and id exactly. XML 1.0 has no way to write most control
    /// characters, and servers refuse a few that it has: such versions are deleted singly.
    public var fitsInXML: Bool {
        [key, id.bytes].allSatisfy { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { return false }
            return text.unicodeScalars.allSatisfy(ObjectVersion.isCarried)
        }
    }

    /// As much of the start of `key` as XML can carry: what may be asked for as a prefix, since
    /// Ceph repeats the prefix in its answer as it is.
    public static func carriedPrefix(of key: [UInt8]) -> [UInt8] {
        var prefix = key
        while !ObjectVersion(key: prefix, id: .null).fitsInXML { prefix.removeLast() }
        return prefix
    }

    private static func isCarried(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: true
        case 0..<0x20, 0x7F...0x9F, 0xFDD0...0xFDEF: false
        default: scalar.value & 0xFFFE != 0xFFFE
        }
    }
}
