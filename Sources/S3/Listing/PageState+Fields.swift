internal import CivilTime
internal import Glibc

extension PageState.Field: CustomStringConvertible {
    /// The element's name in S3's documents.
    var description: String {
        switch self {
        case .none: "nothing"
        case .key: "Key"
        case .versionID: "VersionId"
        case .isLatest: "IsLatest"
        case .lastModified: "LastModified"
        case .etag: "ETag"
        case .size: "Size"
        case .name: "Name"
        case .prefix, .commonPrefix: "Prefix"
        case .keyMarker: "KeyMarker"
        case .versionIDMarker: "VersionIdMarker"
        case .nextKeyMarker: "NextKeyMarker"
        case .nextVersionIDMarker: "NextVersionIdMarker"
        case .isTruncated: "IsTruncated"
        case .encodingType: "EncodingType"
        case .code: "Code"
        case .message: "Message"
        case .requestID: "RequestId"
        case .hostID: "HostId"
        }
    }
}

extension PageState {
    /// Takes the text of the element that ends.
    mutating func closeField() {
        switch field {
        case .key: closeKey()
        case .versionID: closeVersionID()
        case .etag: closeETag()
        case .isLatest: isLatest = closeBoolean()
        case .lastModified: closeLastModified()
        case .size: closeSize()
        case .isTruncated: isTruncated = closeBoolean()
        case .encodingType: closeEncodingType()
        case .name: name = closeText()
        case .prefix: prefix = closeText()
        case .keyMarker: keyMarker = closeText()
        case .versionIDMarker: versionIDMarker = closeText()
        case .nextKeyMarker: nextKeyMarker = closeText()
        case .nextVersionIDMarker: nextVersionIDMarker = closeText()
        case .commonPrefix:
            if !closeText().isEmpty {
                fail(.incomplete, "keys are rolled up into CommonPrefixes and not listed")
            }
        case .code: answer.code = closeString()
        case .message: answer.message = closeString()
        case .requestID: answer.requestID = closeString()
        case .hostID: answer.hostID = closeString()
        case .none: break
        }
    }

    private mutating func closeKey() {
        let text = arena.bytes(from: fieldStart)
        guard let start = text.baseAddress, !text.isEmpty else {
            return fail(.field, "an empty Key")
        }
        // Versions of one key follow each other: they share the key's bytes.
        if text.count == key.count,
            memcmp(start, arena.base + Int(key.lowerBound), text.count) == 0
        {
            return arena.truncate(to: fieldStart)
        }
        key = UInt32(fieldStart)..<UInt32(arena.count)
    }

    private mutating func closeVersionID() {
        let text = arena.bytes(from: fieldStart)
        guard !text.isEmpty else { return fail(.field, "an empty VersionId") }
        // "Version IDs are Unicode, UTF-8 encoded, URL-ready, opaque strings" (S3 User Guide).
        guard text.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return fail(.field, "a VersionId with white space or control characters")
        }
        versionID = UInt32(fieldStart)..<UInt32(arena.count)
    }

    private mutating func closeETag() {
        let text = arena.bytes(from: fieldStart)
        let quote = UInt8(ascii: "\"")
        let isQuoted = text.count >= 2 && text.first == quote && text.last == quote
        let trim = isQuoted ? 1 : 0
        etag = UInt32(fieldStart + trim)..<UInt32(arena.count - trim)
    }

    private mutating func closeLastModified() {
        let text = arena.bytes(from: fieldStart)
        guard let modified = Timestamp(rfc3339: text) else {
            return fail(.field, "LastModified \"\(quoted())\" is not a date")
        }
        self.modified = modified
        arena.truncate(to: fieldStart)
    }

    private mutating func closeSize() {
        let text = arena.bytes(from: fieldStart)
        var value: Int64 = 0
        var isNumber = !text.isEmpty
        for byte in text {
            let digit = Int64(byte) - 0x30
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            isNumber = isNumber && digit >= 0 && digit <= 9 && !overflow && !carry
            value = sum
        }
        guard isNumber else { return fail(.field, "Size \"\(quoted())\" is not a size") }
        size = value
        arena.truncate(to: fieldStart)
    }

    private mutating func closeBoolean() -> Bool {
        let text = arena.bytes(from: fieldStart)
        let isTrue = text.isEqual(to: "true")
        guard isTrue || text.isEqual(to: "false") else {
            fail(.field, "\(field) is \"\(quoted())\", neither true nor false")
            return false
        }
        arena.truncate(to: fieldStart)
        return isTrue
    }

    private mutating func closeEncodingType() {
        let text = closeText()
        isEncoded = text.elementsEqual("url".utf8)
        guard isEncoded || text.isEmpty else {
            return fail(.field, "an unknown EncodingType")
        }
    }

    private mutating func closeText() -> [UInt8] {
        let text = Array(arena.bytes(from: fieldStart))
        arena.truncate(to: fieldStart)
        return text
    }

    private mutating func closeString() -> String { String(decoding: closeText(), as: UTF8.self) }

    private func quoted() -> String {
        shortened(String(decoding: arena.bytes(from: fieldStart), as: UTF8.self))
    }

    /// Takes the version or delete marker that ends.
    mutating func closeEntry() {
        let isMarker = child == .marker
        let needed = isMarker ? PageState.markerFields : PageState.versionFields
        guard seen & needed == needed else { return failForMissing(needed & ~seen) }
        entries.append(
            VersionPage.Entry(
                key: key, versionID: versionID, etag: has(.etag) ? etag : 0..<0,
                modified: modified, size: isMarker ? 0 : size, isLatest: isLatest,
                isMarker: isMarker))
    }

    private mutating func failForMissing(_ fields: UInt32) {
        let first = Field(rawValue: 1 << fields.trailingZeroBitCount) ?? .none
        fail(.field, "a \(child == .marker ? "DeleteMarker" : "Version") without \(first)")
    }

    private static let markerFields: UInt32 =
        Field.key.rawValue | Field.versionID.rawValue | Field.isLatest.rawValue
        | Field.lastModified.rawValue
    private static let versionFields = markerFields | Field.size.rawValue
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether these are the bytes of `text`.
    @inline(__always)
    fileprivate func isEqual(to text: StaticString) -> Bool {
        guard let baseAddress, count == text.utf8CodeUnitCount else { return false }
        return memcmp(baseAddress, text.utf8Start, count) == 0
    }
}
