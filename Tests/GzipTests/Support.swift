import Foundation
import Gzip

/// A reproducible source of randomness (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Text like that of a database dump: rows of numbers, names and dates.
func dump(bytes count: Int, seed: UInt64) -> [UInt8] {
    var random = Seeded(seed)
    var text: [UInt8] = []
    text.reserveCapacity(count + 200)
    let words = ["alice", "bob", "carol", "invoice", "pending", "shipped", "Berlin", "Lyon"]
    while text.count < count {
        let bits = random.next()
        text += Array("INSERT INTO orders VALUES (".utf8)
        text += Array(String(bits & 0xFFFFF).utf8)
        text += Array(",'".utf8)
        text += Array(words[Int(bits >> 20 & 7)].utf8)
        text += Array("','2026-0".utf8)
        text += Array(String(bits >> 23 & 7).utf8)
        text += Array("',".utf8)
        text += Array(String(bits >> 40).utf8)
        text += Array(");\n".utf8)
    }
    return Array(text.prefix(count))
}

func noise(bytes count: Int, seed: UInt64) -> [UInt8] {
    var random = Seeded(seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}

/// What came out of a stage.
final class Collected {
    var bytes: [UInt8] = []
    var calls = 0
    var largest = 0

    func take(_ part: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: part)
        calls += 1
        largest = max(largest, part.count)
    }
}

/// Pushes bytes through a stage in pieces of seeded lengths up to `longest`.
func push(
    _ bytes: [UInt8], through stage: any CompressionStage, longest: Int = .max, seed: UInt64 = 1
) throws -> StreamTotals {
    var random = Seeded(seed)
    try bytes.withUnsafeBytes { all in
        var place = 0
        while place < all.count {
            let most = min(longest, all.count - place)
            let size = longest == .max ? most : Int.random(in: 1...most, using: &random)
            try stage.write(UnsafeRawBufferPointer(rebasing: all[place..<(place + size)]))
            place += size
        }
    }
    return try stage.finish()
}

func compressed(
    _ bytes: [UInt8], level: Int = 6, threads: Int? = nil
) throws -> [UInt8] {
    let out = Collected()
    let stage = try GzipCompressor(level: level, threads: threads) { out.take($0) }
    _ = try push(bytes, through: stage)
    return out.bytes
}

func decompressed(
    _ bytes: [UInt8], format: Format = .gzip, limit: Int64 = .max, longest: Int = .max
) throws -> [UInt8] {
    let out = Collected()
    let stage = try format.decompressor(limit: limit) { out.take($0) }
    _ = try push(bytes, through: stage, longest: longest)
    return out.bytes
}

struct ToolFailure: Error {
    let status: Int32
}

/// Runs a program of the system with this standard input and returns its standard output.
func run(_ arguments: String..., input: [UInt8]) throws -> [UInt8] {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("gzip-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appendingPathComponent("input")
    try Data(input).write(to: file)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: file)
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ToolFailure(status: process.terminationStatus)
    }
    return [UInt8](output)
}

func code(_ body: () throws -> Void) -> CompressionError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? CompressionError)?.code
    }
}
