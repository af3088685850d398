import CivilTime
import S3

@testable import Pruning

/// A file in memory that comes in pieces of a given size, as a pipe does.
final class Piecewise: ListingInput {
    private let bytes: [UInt8]
    private let piece: Int
    private var position = 0

    init(_ bytes: some Sequence<UInt8>, piece: Int = .max) {
        self.bytes = Array(bytes)
        self.piece = piece
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, piece, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

extension ListingFile {
    /// A file of this text.
    convenience init(_ text: String, piece: Int = .max) {
        self.init(name: "listing", input: Piecewise(text.utf8, piece: piece))
    }
}

extension SortedVersions {
    /// One line a version: key, version id, date, size and what it is.
    func lines() throws -> [String] {
        var lines: [String] = []
        while let page = try nextPage() {
            for entry in page.entries {
                let text = [page.key(of: entry), page.versionID(of: entry), page.etag(of: entry)]
                    .map { String(decoding: $0, as: UTF8.self) }
                let kind =
                    (entry.isMarker ? "marker" : "\(entry.size)")
                    + (entry.isLatest ? " latest" : "")
                    + (entry.lock == .unknown ? "" : " \(entry.lock)")
                lines.append("\(text[0]) \(text[1]) \(text[2]) \(entry.modified.rfc3339) \(kind)")
            }
        }
        return lines
    }
}
