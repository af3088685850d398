import BackupPipeline
import Console
import Invocation
import S3

/// The one line that says what was stored.
struct UploadResult {
    let location: S3Location
    let object: StoredObject
    let receipt: Upload.Receipt
    let token: String
    let seconds: Double

    func line(_ format: ResultFormat) -> String {
        switch format {
        case .text: text + "\n"
        case .json: json
        }
    }

    private var version: String? {
        object.versionID.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// For people.
    var text: String {
        "\(location.printable): version \(version.map(PrintableText.escape) ?? "unknown"), read "
            + "\(Quantity.bytes(receipt.bytesRead)), stored \(Quantity.bytes(receipt.bytesStored)), "
            + "crc64nvme \(receipt.crc64nvme), \(rounded) s"
    }

    private var rounded: Double { (seconds * 10).rounded() / 10 }

    private var json: String {
        var line = JSONLine()
        line.add("bucket", location.bucket)
        line.add("key", location.key)
        line.add("version_id", version)
        line.add("bytes_read", Int(receipt.bytesRead))
        line.add("bytes_stored", Int(receipt.bytesStored))
        line.add("checksum", "crc64nvme:" + receipt.crc64nvme)
        if !object.etag.isEmpty { line.add("etag", object.etag) }
        line.add("token", token)
        line.add("seconds", seconds: seconds)
        return String(decoding: line.take(), as: UTF8.self)
    }
}

/// Shows how an upload goes on.
final class UploadProgress {
    private let line: ProgressLine

    init(isQuiet: Bool) { line = ProgressLine(isQuiet: isQuiet) }

    func show(_ bytes: Int64) {
        line.show { seconds in
            let rate = seconds > 0 ? Int64(Double(bytes) / seconds) : 0
            return "read \(Quantity.bytes(bytes)), \(Quantity.bytes(rate))/s"
        }
    }

    func clear() { line.clear() }
}
