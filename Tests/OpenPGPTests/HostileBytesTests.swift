import Testing

@testable import OpenPGP

/// Seeded noise for everything that reads bytes from outside without gpg.
@Suite struct HostileBytesTests {
    let keys = try! Keys.shared.get()

    /// A damaged copy: some bytes changed, some cut off, some repeated.
    private func mutated(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes.removeSubrange(place...)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(.random(in: 0...255, using: &random), at: place)
            case 3: bytes[place] = 255
            case 4: bytes.append(contentsOf: bytes[..<min(place, 40)])
            default: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
        }
        return bytes
    }

    /// 100,000 inputs, reproducible: pure noise, and damaged copies of real bytes.
    private func inputs(_ real: [[UInt8]], _ body: ([UInt8]) throws -> Void) rethrows {
        var random = Seeded(2026)
        for _ in 0..<50_000 {
            var bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if !bytes.isEmpty, Bool.random(using: &random) { bytes[0] |= 0x80 }
            try body(bytes)
        }
        for index in 0..<50_000 { try body(mutated(real[index % real.count], &random)) }
    }

    private func head(_ bytes: [UInt8], longest: Int) throws -> MessageHead {
        var inspector = MessageInspector()
        try push(bytes, longest: longest) { try inspector.feed($0) }
        return try inspector.finish()
    }

    @Test("100,000 damaged messages: an answer or an error, the same for any pieces")
    func messages() throws {
        let real = [
            try keys.home.gpg("-z0", "--encrypt", "-r", "curve", input: [1, 2, 3]),
            try keys.home.gpg("--passphrase", "x", "--symmetric", "--encrypt", "-r", "curve"),
            try keys.home.gpg("-z0", "--encrypt", "-r", "curve", "-R", "curve"),
        ]
        var answers = 0
        inputs(real) { bytes in
            let (whole, pieces) = (
                Result { try head(bytes, longest: .max) }, Result { try head(bytes, longest: 3) }
            )
            switch (whole, pieces) {
            case (.success(let one), .success(let other)):
                #expect(one == other, "\(bytes)")
                answers += 1
            case (.failure(let one as OpenPGPError), .failure(let other as OpenPGPError)):
                #expect(one == other, "\(bytes)")
            default: Issue.record("\(bytes)")
            }
        }
        // Both kinds occur: neither everything nor nothing is taken for a message.
        #expect((1000..<50_000).contains(answers))
    }

    @Test("100,000 damaged keys: read or refused, and a secret key never passes")
    func files() throws {
        let real = [
            try keys.home.gpg("--export", "curve"),
            try keys.home.gpg("--armor", "--export", "curve"),
            try keys.home.gpg("--export-secret-keys", "curve"),
        ]
        var taken = 0
        try inputs(real) { bytes in
            guard let file = try? KeyFile(path: "k", content: bytes) else { return }
            taken += 1
            var walker = PacketWalker()
            try file.bytes.withUnsafeBytes { all in
                var rest = all[...]
                while let event = try walker.next(&rest) {
                    if case .begin(let tag) = event { #expect(tag != 5 && tag != 7) }
                }
            }
        }
        #expect((1000..<50_000).contains(taken))
    }
}
