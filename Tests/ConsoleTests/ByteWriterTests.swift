import Foundation
import Testing

@testable import Console

@Suite("an output file")
struct ByteWriterTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "writer-\(UUID().uuidString)").path

    private func inFolder(_ body: (String) throws -> Void) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder + "/it")
    }

    @Test("appears under its name when it is complete, and replaces what stood there")
    func file() throws {
        try inFolder { path in
            try Data("old".utf8).write(to: URL(filePath: path))
            let writer = try ByteWriter.file(path)
            try writer.write("new")
            try writer.flush()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
            try writer.finish()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
        }
    }

    @Test("that is a device or a pipe is written to and stays what it is")
    func special() throws {
        try inFolder { path in
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: "/dev/null")
            let writer = try ByteWriter.file(path)
            try writer.write("it")
            try writer.finish()
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: path) == "/dev/null")
        }
        try inFolder { path in
            #expect(mkfifo(path, 0o600) == 0)
            let reader = open(path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            let writer = try ByteWriter.file(path)
            try writer.write("it")
            try writer.finish()
            var bytes = [UInt8](repeating: 0, count: 8)
            #expect(read(reader, &bytes, 8) == 2 && bytes.starts(with: "it".utf8))
        }
    }

    @Test("that is full is an error")
    func full() throws {
        try inFolder { path in
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: "/dev/full")
            let writer = try ByteWriter.file(path)
            try writer.write("it")
            #expect(throws: WriteError(path: path, code: ENOSPC)) { try writer.finish() }
        }
    }
}
