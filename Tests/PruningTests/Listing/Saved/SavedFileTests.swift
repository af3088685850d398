import Foundation
import Gzip
import Testing

@testable import Pruning

@Suite struct SavedFileTests {
    static let contents: [(String, SavedFile.Content)] = [
        ("", .empty), (" \n", .empty), ("<?xml version='1.0'?>", .xml), ("\n <ListV", .xml),
        ("\u{FEFF}<ListV", .xml), ("{\"Versions\": [", .json), ("[1]", .json), ("{", .json),
        ("{\"version\": 1, \"fileSchema\": \"Bucket\"}", .manifest),
        ("{\"sourceBucket\":", .manifest), ("\"b\",\"k\"\n", .text), ("hello", .text),
        ("ORC\u{8}", .orc), ("PAR1\u{15}", .parquet),
        ("d41d8cd98f00b204e9800998ecf8427e", .checksum),
        ("d41d8cd98f00b204e9800998ecf8427e\n", .checksum),
        ("d41d8cd98f00b204e9800998ecf8427e,1", .text),
    ]

    @Test("what a file holds is seen from its first bytes, packed or not", arguments: contents)
    func content(text: String, expected: SavedFile.Content) throws {
        let path = NSTemporaryDirectory() + "/saved-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        for bytes in [Array(text.utf8), try packed(text)] {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let file = try SavedFile(path: path)
            #expect(file.content == expected)
            #expect(!file.isPipe)
            #expect(try file.open().read(count: 1000) == Array(text.utf8))
        }
    }

    @Test("a pipe is read whole although its first bytes were looked at")
    func pipe() throws {
        let path = NSTemporaryDirectory() + "/pipe-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(mkfifo(path, 0o600) == 0)
        let text = "{" + String(repeating: "x", count: 20_000)
        let writer = Thread {
            try? FileHandle(forWritingAtPath: path)?.write(contentsOf: Data(text.utf8))
        }
        writer.start()
        let file = try SavedFile(path: path)
        #expect(file.isPipe)
        #expect(file.content == .json)
        #expect(try file.open().read(count: 30_000) == Array(text.utf8))
    }

    @Test("gzip that is cut or followed by other bytes is refused", arguments: [-1, -9, 1])
    func badGzip(change: Int) throws {
        var bytes = try packed(String(repeating: "some text ", count: 5000))
        if change > 0 { bytes.append(7) } else { bytes.removeLast(-change) }
        let file = ListingFile(name: "f", input: Piecewise(bytes, piece: 10))
        let error = #expect(throws: ListingError.self) { try file.read(count: 60_000) }
        #expect(error?.place == "f")
    }

    private func packed(_ text: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let compressor = try GzipCompressor(level: 6) { bytes.append(contentsOf: $0) }
        try Array(text.utf8).withUnsafeBytes { try compressor.write($0) }
        _ = try compressor.finish()
        return bytes
    }
}
