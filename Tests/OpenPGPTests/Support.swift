import Foundation

@testable import OpenPGP

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

/// Reproducible noise; beyond 64 KiB it repeats, but no two blocks of it are equal.
func noise(bytes count: Int, seed: UInt64) -> [UInt8] {
    var random = Seeded(seed)
    var block: [UInt8] = []
    while block.count < min(count, 65536) {
        withUnsafeBytes(of: random.next()) { block.append(contentsOf: $0) }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    while bytes.count < count {
        if bytes.count > 0 {
            withUnsafeBytes(of: random.next()) { block.replaceSubrange(..<8, with: $0) }
        }
        bytes.append(contentsOf: block)
    }
    bytes.removeLast(bytes.count - count)
    return bytes
}

struct ToolFailure: Error {
    let status: Int32
    let words: String
}

/// A directory of the tests, removed when the process ends; its agent ends with it.
final class Scratch: @unchecked Sendable {
    let path: String

    init() {
        var template = Array("/tmp/pgp-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        Self.all.add(path)
    }

    /// Writes a file and returns its path.
    func file(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws -> String {
        let place = "\(path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: place))
        chmod(place, mode)
        return place
    }

    /// Writes a program, by another process: a program that this one holds open for writing while
    /// it forks for another test could not be started.
    func program(_ name: String, _ text: String) throws -> String {
        let place = "\(path)/\(name)"
        try run(
            ["sh", "-c", "cat >\"$1\" && chmod 700 \"$1\"", "sh", place], input: Array(text.utf8))
        return place
    }

    private final class All: @unchecked Sendable {
        private let lock = NSLock()
        private var paths: [String] = []

        func add(_ path: String) {
            lock.withLock {
                if paths.isEmpty { atexit { Scratch.all.remove() } }
                paths.append(path)
            }
        }

        func remove() {
            for path in lock.withLock({ paths }) {
                _ = try? run(["gpgconf", "--homedir", path, "--kill", "all"])
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }

    private static let all = All()
}

/// Runs a program with this standard input and returns its standard output.
@discardableResult
func run(
    _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (stdin, stdout) = (Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    let log = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: log) }
    process.standardError = try FileHandle(forWritingTo: log)
    try process.run()
    let writer = Thread {
        try? stdin.fileHandleForWriting.write(contentsOf: Data(input))
        try? stdin.fileHandleForWriting.close()
    }
    writer.start()
    let output = stdout.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        let words = String(decoding: try Data(contentsOf: log), as: UTF8.self)
        throw ToolFailure(status: process.terminationStatus, words: words)
    }
    return [UInt8](output)
}

/// What came out of a stage.
final class Collected {
    var bytes: [UInt8] = []

    func take(_ part: UnsafeRawBufferPointer) { bytes.append(contentsOf: part) }
}

/// Calls `write` with pieces of seeded lengths up to `longest`.
func push(
    _ bytes: [UInt8], longest: Int = .max, seed: UInt64 = 1,
    _ write: (UnsafeRawBufferPointer) throws -> Void
) throws {
    var random = Seeded(seed)
    try bytes.withUnsafeBytes { all in
        var place = 0
        while place < all.count {
            let most = min(longest, all.count - place)
            let size = longest == .max ? most : Int.random(in: 1...most, using: &random)
            try write(UnsafeRawBufferPointer(rebasing: all[place..<(place + size)]))
            place += size
        }
    }
}

func encrypted(
    _ bytes: [UInt8], to recipients: Recipients, signer: Signer? = nil, longest: Int = .max
) throws -> [UInt8] {
    let out = Collected()
    let stage = try Encryptor(to: recipients, signer: signer) { out.take($0) }
    try push(bytes, longest: longest) { try stage.write($0) }
    _ = try stage.finish()
    return out.bytes
}

func decrypted(
    _ bytes: [UInt8], in home: Home, passphrase: Passphrase? = nil, longest: Int = .max
) throws -> [UInt8] {
    let out = Collected()
    let stage = try Decryptor(keyring: home.keyring, passphrase: passphrase) { out.take($0) }
    try push(bytes, longest: longest) { try stage.write($0) }
    _ = try stage.finish()
    return out.bytes
}

func code(_ body: () throws -> Void) -> OpenPGPError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? OpenPGPError)?.code ?? .engine("another error: \(error)")
    }
}
