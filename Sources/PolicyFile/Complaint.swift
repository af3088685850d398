/// What is wrong with the text of one value, and where in it.
struct Complaint: Error, Hashable {
    var message: String
    var hint: String?
    /// A distance in bytes from the start of the value.
    var offset = 0

    init(_ message: String, hint: String? = nil, offset: Int = 0) {
        self.message = message
        self.hint = hint
        self.offset = offset
    }

    init(_ error: GlobError) {
        self.init(error.message, hint: error.hint, offset: error.offset)
    }
}

/// Reads a value that is written as runs of digits and letters: `1d12h`, `5TiB`, `12.5%`.
struct ValueScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }

    /// The next byte, if it is the one given.
    mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    /// The digits that come next; empty if there are none.
    mutating func digits() -> String {
        take { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }

    /// What comes next up to a digit or the end.
    mutating func unit() -> String {
        take { !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0) }
    }

    private mutating func take(while condition: (UInt8) -> Bool) -> String {
        let start = position
        while position < bytes.count, condition(bytes[position]) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }
}
