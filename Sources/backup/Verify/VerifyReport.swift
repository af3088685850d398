import BackupPipeline
import CivilTime
import Console
import Gzip
import Invocation
import OpenPGP
import S3

/// Prints a line for each finding.
final class VerifyReport {
    private let output = ByteWriter.standardOutput()
    private let format: ResultFormat
    /// How many versions are good.
    private(set) var passed = 0
    /// How many are not.
    private(set) var failed = 0

    init(format: ResultFormat) { self.format = format }

    func add(_ finding: Finding, of location: S3Location, bearing token: String?) throws {
        if finding.isGood { passed += 1 } else { failed += 1 }
        switch format {
        case .text: try output.write(text(finding, location) + "\n")
        case .json: try output.write(json(finding, location, token))
        }
        try output.flush()
    }

    func finish() throws { try output.finish() }

    private func text(_ finding: Finding, _ location: S3Location) -> String {
        var text = finding.isGood ? "ok      " : "FAILED  "
        if let version = finding.version {
            text += "\(Timestamp(seconds: version.modified.seconds).rfc3339)  "
            text += "\(Quantity.bytes(version.size))  \(PrintableText.escape(version.id.bytes))  "
        }
        text += location.printable + ": "
        guard finding.isGood else {
            return text
                + finding.problems.map { PrintableText.escape($0.words) }
                .joined(separator: "; ")
        }
        if let head = finding.head {
            text +=
                "to "
                + head.keyIDs.map { $0.isHidden ? "a hidden key" : $0.description }
                .joined(separator: ", ")
        }
        if let receipt = finding.receipt {
            text += ", opens: \(Quantity.bytes(receipt.bytesRestored)), "
            text += receipt.signature.words
        }
        return text
    }

    private func json(_ finding: Finding, _ location: S3Location, _ token: String?) -> [UInt8] {
        var line = JSONLine()
        line.add("bucket", location.bucket)
        line.add("key", location.key)
        if let version = finding.version {
            line.add("version_id", version.id.bytes)
            line.add("last_modified", version.modified.rfc3339)
            line.add("size", Int(version.size))
        } else {
            line.addNull("version_id")
        }
        line.add("ok", finding.isGood)
        line.add("problems", finding.problems) { line, problem in
            line.add("code", problem.code.rawValue)
            line.add("message", problem.words)
        }
        if let token { line.add("token", token) }
        if let head = finding.head {
            line.add("recipients", strings: head.keyIDs.map(\.description))
            line.add("password", head.hasPassword)
            line.add("protection", head.protection.rawValue)
        }
        if let receipt = finding.receipt {
            line.add("bytes_restored", Int(receipt.bytesRestored))
            line.add("format", receipt.format.rawValue)
            line.add("crc32", receipt.crc32.hex)
            line.add("signature", receipt.signature.code)
            line.add("signer", receipt.signature.signer)
        }
        return line.take()
    }
}
