import FaultServer
import Foundation
import Synchronization

/// The incomplete uploads of the bucket `bkt`: some ten days old, some one day.
final class IncompleteUploads: Sendable {
    private struct Upload {
        var id: String
        var daysOld: Double
    }

    private let uploads: Mutex<[Upload]>

    init(old: [String], young: [String]) {
        uploads = Mutex(
            old.map { Upload(id: $0, daysOld: 10) } + young.map { Upload(id: $0, daysOld: 1) })
    }

    /// The ids of those that are left.
    var ids: [String] { uploads.withLock { $0.map(\.id) } }

    /// The answer to a request, with its effect.
    func reply(to request: FaultServer.Received) -> FaultServer.Reply {
        guard let id = request.query["uploadId"] else { return list() }
        let isThere = ids.contains(id)
        guard isThere else { return .error(404, "NoSuchUpload") }
        if request.method == "DELETE" {
            uploads.withLock { $0.removeAll { $0.id == id } }
            return .init(204)
        }
        return .init(
            text: "<ListPartsResult><IsTruncated>false</IsTruncated><Part>"
                + "<PartNumber>1</PartNumber><Size>5242880</Size></Part></ListPartsResult>")
    }

    private func list() -> FaultServer.Reply {
        let format = ISO8601DateFormatter()
        let elements = uploads.withLock { $0 }.map { upload in
            let begun = format.string(from: Date(timeIntervalSinceNow: -upload.daysOld * 86_400))
            return "<Upload><Key>db/\(upload.id)</Key><UploadId>\(upload.id)</UploadId>"
                + "<Initiated>\(begun)</Initiated><StorageClass>STANDARD</StorageClass></Upload>"
        }
        return .init(
            text: "<ListMultipartUploadsResult><Bucket>bkt</Bucket>"
                + "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
                + elements.joined() + "</ListMultipartUploadsResult>")
    }
}
