import FaultServer
import Foundation
import Synchronization

/// A fault server that holds versions of `db/shop.sql.gz.gpg` in the bucket `bkt`: `v1`, `v2`, …
/// or with another `name` before the number.
///
/// What a `course` is given for goes wrong, by the number of the GET of an object.
final class OneObjectServer: Sendable {
    let server: FaultServer
    /// The answer to a request.
    let reply: FaultServer.Handler
    static let url = "s3://bkt/db/shop.sql.gz.gpg"

    struct Version: Sendable {
        var content: [UInt8]
        var metadata: [(name: String, value: String)] = []
        var isMarker = false
    }

    init(
        _ versions: [Version], storageClass: String = "STANDARD", name: String = "v",
        course: @escaping @Sendable (Int) -> FaultServer.Reply.Course = { _ in .whole }
    ) throws {
        let gets = Mutex(0)
        reply = { request in
            if request.query["versions"] != nil { return Self.listing(versions, name) }
            guard let id = request.query["versionId"]?.dropFirst(name.count), let number = Int(id),
                versions.indices.contains(number - 1)
            else { return .error(404, "NoSuchVersion") }
            let version = versions[number - 1]
            var headers = version.metadata.map { (name: "x-amz-meta-\($0.name)", value: $0.value) }
            headers += [
                (name: "ETag", value: "\"e\(number)\""),
                (name: "x-amz-version-id", value: "\(name)\(number)"),
            ]
            if request.method == "HEAD" { return .init(200, version.content, headers: headers) }
            guard storageClass == "STANDARD" else { return .error(403, "InvalidObjectState") }
            let size = version.content.count
            let range = request["range"] ?? "bytes=0-\(size - 1)"
            let ends = range.dropFirst(6).split(separator: "-").compactMap { Int($0) }
            guard ends[0] < size else { return .error(416, "InvalidRange") }
            let last = min(ends.count > 1 ? ends[1] : size - 1, size - 1)
            headers.append((name: "Content-Range", value: "bytes \(ends[0])-\(last)/\(size)"))
            let count = gets.withLock {
                $0 += 1
                return $0 - 1
            }
            return .init(
                206, Array(version.content[ends[0]...last]), headers: headers,
                course: course(count))
        }
        server = try FaultServer(answer: reply)
    }

    deinit { server.stop() }

    private static func listing(_ versions: [Version], _ id: String) -> FaultServer.Reply {
        var text = """
            <ListVersionsResult><Name>bkt</Name><Prefix></Prefix><KeyMarker/><VersionIdMarker/>
            <MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>
            """
        for (number, version) in versions.enumerated().reversed() {
            let name = version.isMarker ? "DeleteMarker" : "Version"
            text +=
                "<\(name)><Key>db/shop.sql.gz.gpg</Key><VersionId>\(id)\(number + 1)</VersionId>"
            text += "<IsLatest>\(number == versions.count - 1)</IsLatest>"
            text += "<LastModified>2026-11-0\(number + 1)T03:00:00.000Z</LastModified>"
            if !version.isMarker {
                text +=
                    "<ETag>&quot;e\(number + 1)&quot;</ETag><Size>\(version.content.count)</Size>"
                text += "<StorageClass>STANDARD</StorageClass>"
            }
            text += "</\(name)>"
        }
        return .init(200, text: text + "</ListVersionsResult>")
    }

    /// A program that talks to it, with the keyring of `pair`.
    func program(_ pair: KeyPair) throws -> Program {
        var program = try Program()
        program.environment["AWS_ENDPOINT_URL_S3"] = server.url
        program.environment["AWS_REGION"] = "us-east-1"
        program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
        program.environment["AWS_SECRET_ACCESS_KEY"] = "not/the+secret"
        program.environment["AWS_MAX_ATTEMPTS"] = "3"
        program.environment["GNUPGHOME"] = pair.home
        return program
    }
}
