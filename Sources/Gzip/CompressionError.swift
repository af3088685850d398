/// A stream could not be compressed or decompressed.
public struct CompressionError: Error, Hashable {
    /// What was being done.
    public enum Operation: String, Sendable {
        /// Making a compressed stream.
        case compress
        /// Reading one.
        case decompress
    }

    /// What was wrong.
    public enum Code: Hashable, Sendable {
        /// Not one byte came.
        case empty
        /// The first bytes are not those of the format.
        case otherFormat
        /// A header breaks the format's rules; the words say which.
        case badHeader(String)
        /// The compressed data cannot be decoded.
        case badData
        /// The data does not have the checksum that was stored with it.
        case badChecksum
        /// The data does not have the length that was stored with it.
        case badLength
        /// The stream ends in the middle.
        case truncated
        /// The stream is complete and something follows.
        case trailingBytes
        /// More would come out than the limit allows.
        case tooLarge(limit: Int64)
        /// Memory or threads ran out.
        case resources
        /// The stage has failed or finished before.
        case notOpen
    }

    /// What was being done.
    public let operation: Operation
    /// The stream's format.
    public let format: Format
    /// What was wrong.
    public let code: Code
    /// Where in the compressed stream: the offset of the member or frame, in bytes.
    public let offset: Int64

    init(_ operation: Operation, _ format: Format, _ code: Code, at offset: Int64) {
        self.operation = operation
        self.format = format
        self.code = code
        self.offset = offset
    }

    /// What can be done about it, where there is something.
    public var hint: String? {
        switch code {
        case .tooLarge: "raise the size limit if the data is really that large"
        case .truncated: "the upload or the download ended early; take another version"
        case .badData, .badChecksum, .badLength: "the data is damaged; take another version"
        default: nil
        }
    }
}

extension CompressionError: CustomStringConvertible {
    /// The problem in words: lowercase, no final period.
    public var description: String {
        let name = format == .none ? "stream" : "\(format.rawValue) stream"
        let place = offset > 0 ? " in the member at byte \(offset)" : ""
        return switch code {
        case .empty: "the \(name) is empty"
        case .otherFormat: "not a \(name)"
        case .badHeader(let why): "damaged \(name): \(why)\(place)"
        case .badData: "damaged \(name): data that cannot be decoded\(place)"
        case .badChecksum: "damaged \(name): wrong checksum\(place)"
        case .badLength: "damaged \(name): wrong length\(place)"
        case .truncated: "the \(name) ends too early\(place)"
        case .trailingBytes: "bytes follow the end of the \(name) at byte \(offset)"
        case .tooLarge(let limit): "the \(name) holds more than \(limit) bytes"
        case .resources: "no memory or threads left to \(operation.rawValue) a \(name)"
        case .notOpen: "the \(name) has already ended or failed"
        }
    }
}
