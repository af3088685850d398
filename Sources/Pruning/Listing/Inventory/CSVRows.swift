/// Why bytes are not the table that is wanted.
struct CSVProblem: Error {
    /// In words: lowercase, no final period.
    var message: String
    /// The line at which it was noticed, from 1.
    var line: Int
}

/// Reads the rows of a CSV file strictly (RFC 4180; lines may end with LF as well).
///
/// A quote stands only around a whole field, or doubled inside of one. Every row ends with a line
/// end, the last one too: a file that is cut does not look whole.
final class CSVRows {
    private struct Field {
        var start: Int
        var end: Int
        var hasQuotes: Bool
    }

    private let text: ListingText
    private var fields: [Field] = []
    /// The line on which the current row begins, from 1.
    private(set) var line = 0
    private var nextLine = 1

    init(_ text: ListingText) { self.text = text }

    /// The number of fields of the current row.
    var count: Int { fields.count }

    /// A field of the current row, without its quotes. The bytes may be changed, and are valid
    /// until the next row is read.
    @inline(__always)
    subscript(index: Int) -> UnsafeMutableBufferPointer<UInt8> {
        let field = fields[index]
        return UnsafeMutableBufferPointer(
            start: text.base + field.start, count: field.end - field.start)
    }

    /// Goes on to the next row; false at the end of the file.
    func next() throws -> Bool {
        line = nextLine
        while true {
            if try scan() { break }
            let start = text.position
            guard try text.more(keepingFrom: start) != nil else {
                guard text.hasEnded else { throw problem("a row is too long") }
                guard text.position < text.end else { return false }
                throw problem("the row has no end: the file is cut")
            }
        }
        for index in fields.indices where fields[index].hasQuotes { unquote(index) }
        return true
    }

    func problem(_ message: String) -> CSVProblem { CSVProblem(message: message, line: line) }

    /// Finds the fields of a row that is wholly in the buffer; false where its end is not there.
    private func scan() throws -> Bool {
        fields.removeAll(keepingCapacity: true)
        let (base, end) = (text.base, text.end)
        var position = text.position
        var lines = 1
        while position < end {
            var field = Field(start: position, end: position, hasQuotes: false)
            if base[position] == UInt8(ascii: "\"") {
                guard try scanQuoted(&field, &position, &lines) else { return false }
            } else {
                while position < end, !Self.endsField(base[position]) {
                    if base[position] == UInt8(ascii: "\"") {
                        throw problem("a quote within a field that does not begin with one")
                    }
                    position += 1
                }
                field.end = position
            }
            guard position < end else { return false }
            fields.append(field)
            if base[position] == UInt8(ascii: ",") {
                position += 1
                continue
            }
            if base[position] == UInt8(ascii: "\r") {
                position += 1
                guard position < end else { return false }
            }
            guard base[position] == UInt8(ascii: "\n") else {
                throw problem("a carriage return that ends no line")
            }
            text.position = position + 1
            nextLine = line + lines
            return true
        }
        return false
    }

    /// Finds the end of a field that begins with a quote, and stops behind its closing quote.
    private func scanQuoted(
        _ field: inout Field, _ position: inout Int, _ lines: inout Int
    ) throws -> Bool {
        let (base, end) = (text.base, text.end)
        position += 1
        field.start = position
        while position < end {
            let byte = base[position]
            if byte == UInt8(ascii: "\n") { lines += 1 }
            guard byte == UInt8(ascii: "\"") else {
                position += 1
                continue
            }
            guard position + 1 < end else { return false }
            if base[position + 1] == UInt8(ascii: "\"") {
                field.hasQuotes = true
                position += 2
                continue
            }
            guard Self.endsField(base[position + 1]) else {
                throw problem("text behind the closing quote of a field")
            }
            field.end = position
            position += 1
            return true
        }
        return false
    }

    @inline(__always)
    private static func endsField(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    /// Makes one of each two quotes.
    private func unquote(_ index: Int) {
        let bytes = self[index]
        var written = 0
        var read = 0
        while read < bytes.count {
            bytes[written] = bytes[read]
            read += bytes[read] == UInt8(ascii: "\"") ? 2 : 1
            written += 1
        }
        fields[index].end = fields[index].start + written
    }
}
