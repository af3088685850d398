public import Console
internal import Glibc

/// A plan file that is not applied.
public struct PlanFileError: FailureConvertible, Equatable {
    /// What to print; the run is refused and nothing is deleted.
    public let failure: Failure

    init(_ path: String, line: Int?, _ message: String, hint: String) {
        let place = PrintableText.escape(path) + (line.map { ", line \($0)" } ?? "")
        failure = Failure(.refused, "\(place): \(message)", hint: hint)
    }

    /// Refuses a file that others than its owner may write to: they would decide what is deleted.
    static func refuseWritable(_ path: String) throws(PlanFileError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & (S_IWGRP | S_IWOTH) != 0 else { return }
        let others = status.st_mode & S_IWOTH != 0 ? "everybody" : "its group"
        throw PlanFileError(
            path, line: nil, "\(others) may write to the file",
            hint: "look at the plan again, then chmod go-w \(PrintableText.escape(path))")
    }
}

/// The lines of a file, without their ends.
struct LineReader {
    private static let longest = 1 << 22
    private let path: String
    private let file: ListingFile
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    init(path: String) throws {
        self.path = path
        file = try ListingFile(path: path)
    }

    /// The next line, or `nil` after the last one. The end of the last line must be there.
    mutating func next() throws -> ArraySlice<UInt8>? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return buffer[start..<end]
            }
            searched = buffer.count
            guard !isAtEnd, buffer.count - start < Self.longest else {
                if isAtEnd, start == buffer.count { return nil }
                throw PlanFileError(
                    path, line: nil, isAtEnd ? "the last line has no end" : "a line has no end",
                    hint: "the file was cut, or is no plan; make the plan again with --plan-out")
            }
            buffer.removeFirst(start)
            searched -= start
            start = 0
            try fill()
        }
    }

    private mutating func fill() throws {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        let count = try block.withUnsafeMutableBytes { try file.read($0) }
        if count == 0 { isAtEnd = true }
        buffer += block[..<count]
    }
}
