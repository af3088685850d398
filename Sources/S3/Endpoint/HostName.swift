/// A host as it stands in an endpoint URL, without brackets, in lowercase.
struct HostName {
    let text: String

    init(_ text: String) { self.text = text }

    /// Four decimal numbers, or anything with a colon (the URL parser admits a colon only inside
    /// brackets, where `ipv6` has looked at it).
    var isIPAddress: Bool { ipv4 != nil || text.contains(":") }

    /// `localhost`, a name under it, 127.0.0.0/8 or ::1.
    var isLoopback: Bool {
        if text == "localhost" || text.hasSuffix(".localhost") { return true }
        if let ipv4 { return ipv4[0] == 127 }
        return ipv6 == [0, 0, 0, 0, 0, 0, 0, 1]
    }

    /// The four numbers of a dotted IPv4 address.
    var ipv4: [UInt8]? {
        guard text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }) else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let numbers = parts.compactMap { part -> UInt8? in
            guard (1...3).contains(part.utf8.count),
                part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0")
            else { return nil }
            return UInt8(part)
        }
        return numbers.count == 4 ? numbers : nil
    }

    /// The eight groups of an IPv6 address without zone.
    var ipv6: [UInt16]? {
        guard text.contains(":") else { return nil }
        var halves = [[UInt16]]()
        for half in HostName.splitOnce(text, at: "::") {
            guard let groups = HostName.groups(half, endsAddress: half.endIndex == text.endIndex)
            else { return nil }
            halves.append(groups)
        }
        if halves.count == 1 { return halves[0].count == 8 ? halves[0] : nil }
        let missing = 8 - halves[0].count - halves[1].count
        guard missing >= 1 else { return nil }
        return halves[0] + Array(repeating: 0, count: missing) + halves[1]
    }

    /// Groups of hex digits; an IPv4 address may stand in place of the address's last two.
    private static func groups(_ text: Substring, endsAddress: Bool) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups = [UInt16]()
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if endsAddress, index == parts.count - 1, let bytes = HostName(String(part)).ipv4 {
                groups.append(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
                groups.append(UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
            } else if (1...4).contains(part.utf8.count), part.first != "+",
                let group = UInt16(part, radix: 16)
            {
                groups.append(group)
            } else {
                return nil
            }
        }
        return groups
    }

    private static func splitOnce(_ text: String, at separator: String) -> [Substring] {
        let bytes = Array(text.utf8)
        let pair = Array(separator.utf8)
        guard bytes.count >= 2,
            let at = (0...(bytes.count - 2)).first(where: { Array(bytes[$0..<$0 + 2]) == pair })
        else { return [Substring(text)] }
        let start = text.utf8.index(text.utf8.startIndex, offsetBy: at)
        return [text[..<start], text[text.utf8.index(start, offsetBy: 2)...]]
    }
}

func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

func isLowercaseLetter(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
}
