import BackupPipeline
import CivilTime
import Console
import Gzip
import Invocation
import OpenPGP
import S3

/// The one line that says what was restored.
struct RestoreResult {
    /// What came of it.
    enum Outcome {
        case restored(Restore.Receipt, isSignerDemanded: Bool)
        case raw(CRC64NVME)
    }

    let version: PinnedVersion
    let outcome: Outcome
    /// The file; nil for standard output.
    let output: String?
    let seconds: Double

    /// What is to be said where nobody vouches for who made the backup: a signature counts only
    /// where its maker was named, as a keyring has keys of many people.
    var doubtOfOrigin: String? {
        guard case .restored(let receipt, false) = outcome else { return nil }
        switch receipt.signature {
        case .none:
            return "the origin is not authenticated: anybody who may put objects could have "
                + "written this backup (--signer demands a signature)"
        case .good(let key, _, _):
            return "the origin is not authenticated: \(key) signed this backup, as every key of "
                + "the keyring could have (--signer demands this one)"
        case .unknown, .doubtful:
            return "the origin is not authenticated: the signature cannot be relied on "
                + "(--signer demands one that can)"
        }
    }

    func line(_ format: ResultFormat) -> String {
        switch format {
        case .text: text + "\n"
        case .json: json
        }
    }

    private var id: String? {
        (version.info.versionID ?? version.id).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    private var tenths: Int { Int((seconds * 10).rounded()) }

    private var text: String {
        var text = "\(version.location.printable): version "
        text += "\(id.map { PrintableText.escape($0) } ?? "unknown")"
        if let date = version.info.lastModified { text += " of \(date.rfc3339)" }
        switch outcome {
        case .raw(let checksum):
            text += ", \(Quantity.bytes(version.size)) as stored, crc64nvme \(checksum.text)"
        case .restored(let receipt, _):
            text += ", read \(Quantity.bytes(receipt.bytesStored)), restored "
            text += "\(Quantity.bytes(receipt.bytesRestored)), \(receipt.signature.words)"
        }
        text += ", \(tenths / 10).\(tenths % 10) s"
        return text + (output.map { ", to \(PrintableText.escape($0))" } ?? "")
    }

    private var json: String {
        var line = JSONLine()
        line.add("bucket", version.location.bucket)
        line.add("key", version.location.key)
        line.add("version_id", id)
        line.add("last_modified", version.info.lastModified?.rfc3339)
        line.add("etag", version.info.etag)
        switch outcome {
        case .raw(let checksum):
            line.add("bytes_stored", Int(version.size))
            line.add("bytes_restored", Int(checksum.count))
            line.add("checksum", "crc64nvme:\(checksum.text)")
        case .restored(let receipt, _):
            line.add("bytes_stored", Int(receipt.bytesStored))
            line.add("bytes_restored", Int(receipt.bytesRestored))
            line.add("format", receipt.format.rawValue)
            line.add("crc32", receipt.crc32.hex)
            line.add("recipients", strings: receipt.recipients.map(\.description))
            line.add("signature", receipt.signature.code)
            line.add("signer", receipt.signature.signer)
        }
        line.add("output", output ?? "-")
        line.add("seconds", seconds: seconds)
        return String(decoding: line.take(), as: UTF8.self)
    }
}

extension UInt32 {
    /// Eight lower-case hexadecimal digits.
    var hex: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension Decryptor.Signature {
    /// For programs.
    var code: String {
        switch self {
        case .none: "none"
        case .good: "good"
        case .unknown: "unknown"
        case .doubtful: "doubtful"
        }
    }

    /// Whose it is, as far as that is known.
    var signer: String? {
        switch self {
        case .none: nil
        case .good(let key, _, _): key.hex
        case .unknown(let id): id?.description
        case .doubtful(let key): key?.hex
        }
    }

    /// For people.
    var words: String {
        switch self {
        case .none: "not signed"
        case .good(let key, _, let date):
            "signed by \(key)" + (date.map { " at \($0.rfc3339)" } ?? "")
        case .unknown(let id): "signed by an unknown key" + (id.map { " \($0)" } ?? "")
        case .doubtful(let key):
            "signed by a key that is not to be trusted" + (key.map { " (\($0))" } ?? "")
        }
    }
}
