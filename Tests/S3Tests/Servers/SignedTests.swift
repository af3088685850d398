import CivilTime
import Foundation
import Testing

@testable import S3

/// What a signature lets others do who have nothing but curl. Only Ceph verifies it.
@Suite(
    "presigned URLs and forms on a real server",
    .enabled(if: S3Server.ceph != nil, S3Server.howToStart))
struct SignedTests {
    private let server: S3Server
    private let client: Client
    private let bucket: String
    private let signer: Signer

    init() throws {
        server = try #require(S3Server.ceph)
        client = try server.client()
        bucket = try server.makeBucket(client)
        signer = Signer(credentials: server.credentials(), region: "us-east-1")
    }

    /// Runs curl; gives the status of the answer and its body.
    private func curl(_ arguments: [String], input: [UInt8] = []) throws -> (Int, [UInt8]) {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(input).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/curl")
        process.arguments =
            ["-sS", "-w", "%{http_code}"]
            + arguments.map { $0.replacing("FILE", with: file.path) }
        process.standardOutput = output
        try process.run()
        let data = try #require(try output.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        let text = String(decoding: data.suffix(3), as: UTF8.self)
        return (try #require(Int(text)), Array(data.dropLast(3)))
    }

    static let keys = ["a", "db/ä b+c%25/m~*'().gpg", "a//b/../c", "x?y=z&w#f", "\u{1F4BE}"]

    @Test("a presigned URL gives exactly the version it names", arguments: keys)
    func presigned(key: String) throws {
        let old = try #require(try client.put([1, 2], key, bucket).versionID)
        _ = try client.put([3], key, bucket)
        let request = Request(
            .get, .object(bucket: bucket, key: Array(key.utf8)), query: versionQuery(old))
        let url = try signer.presign(
            request, to: server.endpoint(), at: S3Server.now(), expires: 604_800)
        let (status, bytes) = try curl(["--path-as-is", url])
        #expect(status == 200 && bytes == [1, 2])
        let other = url.replacing("versionId=", with: "versionId=x")
        #expect(try curl(["--path-as-is", other]).0 == 403)
        let past = try signer.presign(
            request, to: server.endpoint(), at: S3Server.now().advanced(bySeconds: -10),
            expires: 5)
        #expect(try curl(["--path-as-is", past]).0 == 403)
    }

    /// Posts a file with a form; gives the status of the answer and its body.
    private func answer(
        _ form: POSTForm, _ body: [UInt8], change: (String, String) -> String? = { $1 },
        more: [String] = []
    ) throws -> (Int, [UInt8]) {
        let fields = form.fields.compactMap { name, value in
            change(name, value).map { ["--form-string", "\(name)=\($0)"] }
        }
        return try curl(
            fields.flatMap { $0 } + more + ["-F", "file=@FILE", form.url], input: body)
    }

    /// Posts a file with a form; gives the status.
    private func post(
        _ form: POSTForm, _ body: [UInt8], change: (String, String) -> String? = { $1 },
        more: [String] = []
    ) throws -> Int {
        try answer(form, body, change: change, more: more).0
    }

    private func form(
        _ key: POSTPolicy.Key, size: ClosedRange<Int64> = 1...1000, at date: Timestamp? = nil
    ) throws -> POSTForm {
        try signer.sign(
            POSTPolicy(
                bucket: bucket, key: key, contentLength: size, expires: 600,
                fields: [("x-amz-meta-host", "web1"), ("success_action_status", "201")]),
            to: server.endpoint(), at: date ?? S3Server.now())
    }

    @Test("a form stores one object under its key, private, with its metadata")
    func form() throws {
        let key = Array("db/ä b+c%/\"q\\\".gpg".utf8)
        let (status, told) = try answer(try form(.exact(key)), [7, 8], more: ["-i"])
        #expect(status == 201)
        // Which version that is, Ceph does not tell.
        let text = String(decoding: told, as: UTF8.self).lowercased()
        #expect(text.contains("x-amz-request-id") && !text.contains("version-id"), "\(text)")
        let info = try client.headObject(key, bucket: bucket)
        #expect(info.size == 2 && info.metadata == ["host": "web1"])
        let url = try server.endpoint().description + "/\(bucket)/" + PercentEncoding.path(key)
        #expect(try curl([url]).0 == 403)
    }

    @Test("a form for a prefix stores what is below it and nothing else")
    func prefix() throws {
        let form = try form(.prefix(Array("in/".utf8)))
        #expect(try post(form, [1], change: { $0 == "key" ? $1 + "a/b" : $1 }) == 201)
        #expect(try client.read("in/a/b", bucket) == [1])
        #expect(try post(form, [1], change: { $0 == "key" ? "out/a" : $1 }) == 403)
    }

    /// How many versions, markers and unfinished uploads the bucket holds.
    private func stored() throws -> Int {
        var lister = VersionLister(client: client, bucket: bucket, prefix: [])
        var count = try client.multipartUploads(inBucket: bucket, prefix: []).uploads.count
        while let page = try lister.nextPage() { count += page.entries.count }
        return count
    }

    @Test("a form is refused where anything differs from what was signed, and nothing is stored")
    func refusals() throws {
        let form = try form(.exact(Array("k".utf8)), size: 2...4)
        #expect(try post(form, []) == 400)
        #expect(try post(form, [1]) == 400)
        #expect(try post(form, [1, 2, 3, 4, 5]) == 400)
        for (name, value) in [
            ("key", "other"), ("acl", "public-read"), ("x-amz-meta-host", "evil"),
            ("x-amz-signature", String(repeating: "0", count: 64)),
        ] {
            let status = try post(form, [1, 2], change: { $0 == name ? value : $1 })
            #expect(status == 403, "\(name)")
        }
        let missing = try post(form, [1, 2], change: { $0 == "acl" ? nil : $1 })
        #expect(missing == 403)
        let extra = try post(form, [1, 2], more: ["--form-string", "x-amz-meta-more=1"])
        #expect(extra == 403)
        let old = try self.form(
            .exact(Array("k".utf8)), at: S3Server.now().advanced(bySeconds: -700))
        #expect(try post(old, [1, 2]) == 403)
        #expect(try stored() == 0)
        // What no field changes is stored, or all of the above would prove nothing.
        #expect(try post(form, [1, 2]) == 201)
        #expect(try post(form, [1, 2, 3, 4]) == 201)
        #expect(try stored() == 2)
    }

    /// A form ends with its file: what comes after it is not read (POST Object, S3 API Reference).
    @Test("a field after the file is not heeded, and one that is missing before it is missed")
    func order() throws {
        let form = try form(.exact(Array("k".utf8)))
        let late = ["--form-string", "x-amz-meta-late=1"]
        let after = try curl(
            form.fields.flatMap { ["--form-string", "\($0)=\($1)"] } + ["-F", "file=@FILE"] + late
                + [form.url], input: [1, 2]
        ).0
        let info = after == 201 ? try client.headObject(Array("k".utf8), bucket: bucket) : nil
        #expect(info?.metadata["late"] == nil)
        let before = try stored()
        #expect(before == (after == 201 ? 1 : 0))
        for name in ["key", "policy", "x-amz-signature", "x-amz-credential", "acl"] {
            let fields = form.fields.map { ["--form-string", "\($0)=\($1)"] }
            let without = zip(form.fields, fields).filter { $0.0.0.lowercased() != name }
            #expect(without.count == fields.count - 1, "\(name)")
            // The field is there, but only after the file.
            let moved = zip(form.fields, fields).filter { $0.0.0.lowercased() == name }
            let words = without.flatMap(\.1) + ["-F", "file=@FILE"] + moved.flatMap(\.1)
            let status = try curl(words + [form.url], input: [1, 2]).0
            #expect((400...403).contains(status), "\(name): \(status)")
        }
        #expect(try stored() == before)
    }
}
