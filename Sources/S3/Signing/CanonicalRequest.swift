/// A request in the one form that client and server both can compute (stage 1 of SigV4).
struct CanonicalRequest {
    /// The whole text, without line feed at its end.
    let text: [UInt8]
    /// The query as it is signed and sent.
    let query: [UInt8]
    /// The path as it is signed and sent.
    let path: [UInt8]
    /// Names in lowercase, sorted, joined with `;`.
    let signedHeaders: String

    /// - Parameters:
    ///   - path: not percent-encoded.
    ///   - headers: all that are to be signed, `host` among them.
    ///   - payloadHash: hex digits or `UNSIGNED-PAYLOAD`.
    init(
        method: String, path: [UInt8], query: [QueryItem], headers: [Header], payloadHash: String
    ) {
        let lineFeed = UInt8(ascii: "\n")
        // 1.2 Canonical URI: encoded once, slashes kept, nothing normalized.
        var encodedPath = [UInt8]()
        encodedPath.reserveCapacity(path.count + 32)
        PercentEncoding.append(path, keepingSlash: true, to: &encodedPath)
        // 1.3 Canonical query: encoded, then sorted by name and value.
        let encodedQuery = CanonicalRequest.query(query)
        // 1.4 Canonical headers: lowercase, trimmed, sorted; 1.5 their names.
        let fields = CanonicalRequest.fields(headers)
        signedHeaders = fields.map(\.name).joined(separator: ";")

        var text = [UInt8]()
        text.reserveCapacity(512 + encodedPath.count + encodedQuery.count)
        // 1.1 Method.
        text += method.utf8
        text.append(lineFeed)
        text += encodedPath
        text.append(lineFeed)
        text += encodedQuery
        text.append(lineFeed)
        for field in fields {
            text += field.name.utf8
            text.append(UInt8(ascii: ":"))
            text += field.value
            text.append(lineFeed)
        }
        text.append(lineFeed)
        text += signedHeaders.utf8
        text.append(lineFeed)
        // 1.6 Hash of the payload.
        text += payloadHash.utf8
        self.text = text
        self.path = encodedPath
        self.query = encodedQuery
    }

    /// `a=1&b=` with every name and value percent-encoded, sorted by encoded name, then value.
    static func query(_ items: [QueryItem]) -> [UInt8] {
        var encoded = [UInt8]()
        encoded.reserveCapacity(items.reduce(0) { $0 + 2 * ($1.name.count + $1.value.count) })
        var pairs = [(name: Range<Int>, value: Range<Int>)]()
        pairs.reserveCapacity(items.count)
        for item in items {
            let start = encoded.count
            PercentEncoding.append(item.name, keepingSlash: false, to: &encoded)
            let middle = encoded.count
            PercentEncoding.append(item.value, keepingSlash: false, to: &encoded)
            pairs.append((start..<middle, middle..<encoded.count))
        }
        pairs.sort { first, second in
            encoded[first.name] == encoded[second.name]
                ? encoded[first.value].lexicographicallyPrecedes(encoded[second.value])
                : encoded[first.name].lexicographicallyPrecedes(encoded[second.name])
        }
        var result = [UInt8]()
        result.reserveCapacity(encoded.count + 2 * pairs.count)
        for pair in pairs {
            if !result.isEmpty { result.append(UInt8(ascii: "&")) }
            result += encoded[pair.name]
            result.append(UInt8(ascii: "="))
            result += encoded[pair.value]
        }
        return result
    }

    /// One field a name, in the order of names; the values of a name that occurs twice are joined
    /// with commas in the order given.
    private static func fields(_ headers: [Header]) -> [(name: String, value: [UInt8])] {
        var fields = [(name: String, value: [UInt8])]()
        for header in headers {
            let name = header.lowercaseName
            let value = fold(header.value)
            if let index = fields.firstIndex(where: { $0.name == name }) {
                fields[index].value.append(UInt8(ascii: ","))
                fields[index].value += value
            } else {
                fields.append((name, value))
            }
        }
        return fields.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The value without white space at its ends, each run of white space inside as one space.
    private static func fold(_ value: String) -> [UInt8] {
        var result = [UInt8]()
        result.reserveCapacity(value.utf8.count)
        var pending = false
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                pending = !result.isEmpty
            default:
                if pending { result.append(UInt8(ascii: " ")) }
                pending = false
                result.append(byte)
            }
        }
        return result
    }
}
