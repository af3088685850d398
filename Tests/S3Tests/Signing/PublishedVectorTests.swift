import Foundation
import Testing

@testable import S3

/// AWS's own test suites, which are not part of this repository: `SIGV4_VECTORS` names a file of
/// them (a JSON array; `SigningVector` shows the fields).
private let vectorsPath = ProcessInfo.processInfo.environment["SIGV4_VECTORS"]

@Suite(
    "AWS's published signing vectors",
    .enabled(if: vectorsPath != nil, "SIGV4_VECTORS names no file of vectors"))
struct PublishedVectorTests {
    let vectors: [SigningVector]

    init() throws {
        vectors = try SigningVector.load(vectorsPath ?? "")
    }

    @Test("vectors that hold for S3 give the exact canonical request and signature")
    func applying() throws {
        let applying = vectors.filter { $0.appliesToS3 == true }
        try #require(!applying.isEmpty)
        for vector in applying { #expect(vector.results() == vector.expected, "\(vector.name)") }
        print("signing vectors that match: \(applying.count)")
    }

    @Test("vectors that demand a normalized path do not match")
    func traps() throws {
        let traps = vectors.filter { $0.appliesToS3 == false }
        try #require(!traps.isEmpty)
        for vector in traps {
            let results = vector.results()
            #expect(results.canonicalRequest != vector.canonicalRequest, "\(vector.name)")
            #expect(results.signature != vector.signature, "\(vector.name)")
        }
        print("signing vectors that rightly do not match: \(traps.count)")
    }
}
