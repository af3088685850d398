import Foundation
import Testing

@testable import S3

/// Checksums of known bytes, from fixtures/checksums.json.
struct ChecksumVectors: Decodable {
    struct Repeat: Decodable {
        var byte: UInt8
        var count: Int
    }
    struct Single: Decodable {
        var name: String
        var data_hex: String?
        var `repeat`: Repeat?
        var crc64nvme: String
        var md5: String
        var sha256_hex: String

        var bytes: [UInt8] {
            if let `repeat` { return Array(repeating: `repeat`.byte, count: `repeat`.count) }
            let digits = Array((data_hex ?? "").utf8)
            return stride(from: 0, to: digits.count, by: 2).map {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
            }
        }
    }
    struct Part: Decodable {
        var byte: UInt8
        var count: Int
        var crc64nvme: String
    }
    struct Whole: Decodable {
        var crc64nvme: String
    }
    struct Multipart: Decodable {
        var name: String
        var parts: [Part]
        var full_object: Whole
    }

    var single: [Single]
    var multipart: [Multipart]

    static let all: ChecksumVectors = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../fixtures/checksums.json")
        return try! JSONDecoder().decode(ChecksumVectors.self, from: Data(contentsOf: file))
    }()
}

@Suite("CRC64NVME")
struct CRC64NVMETests {
    @Test("agrees with other implementations, whole and byte by byte")
    func single() {
        for vector in ChecksumVectors.all.single {
            #expect(CRC64NVME(of: vector.bytes).text == vector.crc64nvme, "\(vector.name)")
            var slow = CRC64NVME()
            for byte in vector.bytes.prefix(2000) { slow.update([byte]) }
            #expect(slow == CRC64NVME(of: Array(vector.bytes.prefix(2000))), "\(vector.name)")
        }
        #expect(ChecksumVectors.all.single.count > 5)
    }

    @Test("that of the whole follows from those of the parts")
    func combined() {
        for vector in ChecksumVectors.all.multipart {
            var whole = CRC64NVME()
            for part in vector.parts {
                let crc = CRC64NVME(of: Array(repeating: part.byte, count: part.count))
                #expect(crc.text == part.crc64nvme, "\(vector.name)")
                whole.append(crc)
            }
            #expect(whole.text == vector.full_object.crc64nvme, "\(vector.name)")
            #expect(whole.count == Int64(vector.parts.reduce(0) { $0 + $1.count }))
        }
        #expect(ChecksumVectors.all.multipart.count > 2)
    }

    @Test("bytes may be cut anywhere, and lie anywhere")
    func cuts() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 3) }
        let whole = CRC64NVME(of: bytes)
        for cut in [0, 1, 7, 8, 9, 63, 500, 999, 1000] {
            var updated = CRC64NVME(of: Array(bytes[..<cut]))
            bytes.withUnsafeBytes {
                updated.update(UnsafeRawBufferPointer(rebasing: $0[cut...]))
            }
            #expect(updated == whole)
            var appended = CRC64NVME(of: Array(bytes[..<cut]))
            appended.append(CRC64NVME(of: Array(bytes[cut...])))
            #expect(appended == whole)
        }
    }

    @Test("goes to AWS by itself, to others when asked")
    func use() throws {
        let hosts: [(String, Bool)] = [
            ("https://s3.eu-central-1.amazonaws.com", true),
            ("https://s3.cn-north-1.amazonaws.com.cn", true),
            ("https://vpce-1a2b.s3.us-east-1.vpce.amazonaws.com", true),
            ("https://s3.example.com", false), ("http://127.0.0.1:9000", false),
            ("https://amazonaws.com.example.com", false), ("https://myamazonaws.com", false),
        ]
        for (host, isAWS) in hosts {
            for (use, sends) in [(ChecksumUse.auto, isAWS), (.on, true), (.off, false)] {
                var options = Client.Options(clock: { Rig.now }, sleep: { _ in })
                options.checksums = use
                let client = Client(
                    endpoint: try Endpoint(url: host, region: "us-east-1"),
                    credentials: Credentials(
                        accessKeyID: "A", secretAccessKey: Secret("B"), source: "test"),
                    options: options)
                #expect(client.sendsCRC64NVME == sends, "\(host) \(use)")
                #expect(client.another().sendsCRC64NVME == sends)
            }
        }
    }
}

@Suite("what goes with a body")
struct BodyDigestsTests {
    @Test("SHA-256, MD5 and checksum are those of all its bytes")
    func digests() throws {
        for vector in ChecksumVectors.all.single {
            vector.bytes.withUnsafeBytes { body in
                let digests = BodyDigests(of: body, withCRC: true)
                #expect(digests.payload == .sha256(hex: vector.sha256_hex), "\(vector.name)")
                #expect(
                    digests.headers == [
                        Header("Content-MD5", vector.md5),
                        Header("x-amz-checksum-crc64nvme", vector.crc64nvme),
                    ], "\(vector.name)")
                #expect(BodyDigests(of: body, withCRC: false).headers.count == 1)
            }
        }
    }
}
