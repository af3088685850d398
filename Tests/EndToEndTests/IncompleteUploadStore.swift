import FaultServer
import Foundation
import Synchronization

/// Incomplete uploads that a scripted server keeps, with what goes wrong with them.
final class IncompleteUploadStore: Sendable {
    struct Upload: Sendable {
        var key: String
        var id: String
        var daysOld: Double
        var sizes: [Int] = [5_242_880, 1_048_576]
    }

    private let uploads: Mutex<[Upload]>
    private let faults: [String: FaultServer.Reply]
    private let clockOffset: Double
    private let onAbort: @Sendable (_ number: Int) -> Void
    private let abortions = Mutex(0)

    /// `onAbort` is called before the effect of an abortion, which is numbered from 0; `faults` are
    /// answers in place of the right ones, by operation or by upload id (to its abortion).
    init(
        _ uploads: [Upload], faults: [String: FaultServer.Reply] = [:], clockOffset: Double = 0,
        onAbort: @escaping @Sendable (_ number: Int) -> Void = { _ in }
    ) {
        self.onAbort = onAbort
        self.uploads = Mutex(uploads)
        self.faults = faults
        self.clockOffset = clockOffset
    }

    var ids: [String] { uploads.withLock { $0.map(\.id) } }

    func server() throws -> FaultServer { try FaultServer { [self] in answer($0) } }

    private func answer(_ request: FaultServer.Received) -> FaultServer.Reply {
        let id = request.query["uploadId"]
        var reply: FaultServer.Reply =
            switch (request.method, id) {
            case ("GET", nil): faults["list"] ?? list()
            case ("GET", let id?): faults["parts"] ?? parts(id)
            case ("DELETE", let id?): abort(id)
            default: .error(500, "Unexpected")
            }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        reply.headers.append(("Date", format.string(from: Date(timeIntervalSinceNow: clockOffset))))
        return reply
    }

    private func abort(_ id: String) -> FaultServer.Reply {
        onAbort(
            abortions.withLock { number in
                number += 1
                return number - 1
            })
        if let fault = faults[id] { return fault }
        uploads.withLock { $0.removeAll { $0.id == id } }
        return .init(204)
    }

    private func list() -> FaultServer.Reply {
        let format = ISO8601DateFormatter()
        let elements = uploads.withLock { $0 }.map { upload in
            let begun = Date(timeIntervalSinceNow: clockOffset - upload.daysOld * 86_400)
            return "<Upload><Key>\(encoded(upload.key))</Key><UploadId>\(upload.id)</UploadId>"
                + "<Initiated>\(format.string(from: begun))</Initiated>"
                + "<StorageClass>STANDARD</StorageClass></Upload>"
        }
        return .init(
            text: "<ListMultipartUploadsResult><Bucket>uploads</Bucket>"
                + "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
                + elements.joined() + "</ListMultipartUploadsResult>")
    }

    private func parts(_ id: String) -> FaultServer.Reply {
        let sizes = uploads.withLock { $0.first { $0.id == id }?.sizes }
        guard let sizes else { return .error(404, "NoSuchUpload") }
        let parts = sizes.enumerated().map { index, size in
            "<Part><PartNumber>\(index + 1)</PartNumber><Size>\(size)</Size></Part>"
        }
        return .init(
            text: "<ListPartsResult><IsTruncated>false</IsTruncated>\(parts.joined())"
                + "</ListPartsResult>")
    }
}

/// The lines of `uploads --format json`.
struct UploadLines {
    struct Line: Decodable {
        var type: String
        var bucket: String?
        var key: String?
        var upload_id: String?
        var parts: Int?
        var bytes: Int?
        var action: String?
        var outcome: String?
        var code: String?
        var expired: Int?
        var aborted: Int?
        var failed: Int?
        var unknown: Int?
        var age_seconds: Int?
    }

    let all: [Line]

    init(_ outcome: Command.Outcome) throws {
        all = try outcome.lines.map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    subscript(type: String) -> [Line] { all.filter { $0.type == type } }
}
