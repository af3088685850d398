import Foundation
import Testing

@testable import OpenPGP

private let size = ProcessInfo.processInfo.environment["MEASURE_MIB"].flatMap { Int($0) } ?? 0

/// Not a test but a measurement, beside `gpg -z0` in the same run: MEASURE_MIB says how much.
@Suite struct SpeedTests {
    let keys = try! Keys.shared.get()

    /// The least of five, in seconds: other work on the machine only adds.
    private func least(_ body: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        let times = try (0..<5).map { _ in try clock.measure(body) }
        let best = times.min() ?? .zero
        return Double(best.components.seconds) + Double(best.components.attoseconds) / 1e18
    }

    private func report(_ name: String, _ ours: Double, _ gpg: Double) {
        let mega = Double(size << 20) / 1e6
        print(
            name,
            "\(Int(mega / ours)) MB/s, gpg -z0: \(Int(mega / gpg)) MB/s,",
            "ratio \(Double(Int(gpg / ours * 100)) / 100)")
    }

    @Test("as fast as gpg itself, in both directions", .enabled(if: size > 0))
    func speed() throws {
        let scratch = Scratch()
        let content = noise(bytes: size << 20, seed: 1)
        let plain = try scratch.file("plain", content)
        let message = try scratch.file("message", encrypted(content, to: keys.recipients("curve")))
        let gpg =
            "gpg --homedir \(keys.home.path) --batch --quiet --no-tty --trust-model always"
        let recipients = try keys.recipients("curve")
        func read(_ path: String, _ write: (UnsafeRawBufferPointer) throws -> Void) throws {
            let file = try #require(FileHandle(forReadingAtPath: path))
            while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
                try part.withUnsafeBytes { try write($0) }
            }
        }
        var count = 0
        report(
            "encrypt",
            try least {
                let stage = try Encryptor(to: recipients) { count += $0.count }
                try read(plain) { try stage.write($0) }
                _ = try stage.finish()
            },
            try least {
                let command = "cat \(plain) | \(gpg) -z0 --encrypt -r curve | cat >/dev/null"
                try run(["sh", "-c", command])
            })
        report(
            "decrypt",
            try least {
                let stage = try Decryptor(keyring: keys.home.keyring) { count += $0.count }
                try read(message) { try stage.write($0) }
                _ = try stage.finish()
            },
            try least {
                try run(["sh", "-c", "cat \(message) | \(gpg) --decrypt | cat >/dev/null"])
            })
        #expect(count > 0)
    }
}
