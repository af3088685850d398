import Testing

@testable import S3

@Suite("secrets")
struct SecretTests {
    struct Holder {
        var secret = Secret("hunter2")
        var optional: Secret? = Secret("hunter2")
        var list = [Secret("hunter2")]
    }

    @Test("printing, reflecting and dumping a secret, alone or inside of others, shows nothing")
    func redacted() {
        let holder = Holder()
        var texts = [
            "\(holder.secret)", String(describing: holder), String(reflecting: holder),
            holder.secret.debugDescription,
        ]
        var dumped = ""
        dump(holder, to: &dumped)
        texts.append(dumped)
        for text in texts { #expect(text.contains("<redacted>") && !text.contains("hunter2")) }
        #expect(Mirror(reflecting: holder.secret).children.isEmpty)
    }

    @Test("a secret gives back its bytes")
    func bytes() {
        #expect(Secret("h\u{e9}").withBytes { Array($0) } == [0x68, 0xc3, 0xa9])
        #expect(Secret([1, 2, 3]).count == 3)
        #expect(Secret("").isEmpty)
        #expect(Secret([UInt8]()).withBytes { $0.count } == 0)
    }

    @Test("wiping leaves only zeros")
    func wiping() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: [UInt8](repeating: 7, count: 64))
        wipe(buffer)
        #expect(buffer.allSatisfy { $0 == 0 })
        wipe(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
}
