import ArgumentParser
import BackupPipeline
import CivilTime
import Console
import Foundation
import Invocation
import OpenPGP
import S3

/// One run of `backup upload`, from the examined keys to the line of result.
struct UploadSession {
    let command: UploadCommand
    let location: S3Location
    let client: Client
    let interruption: Interruption
    let recipients: Recipients
    /// Names this upload in the object's metadata, so that it can be found again.
    let token =
        String(UInt64.random(in: .min ... .max), radix: 16)
        + String(UInt64.random(in: .min ... .max), radix: 16)

    func run() throws -> Console.ExitCode {
        let started = SystemClock.now()
        let order = try order(at: started)
        let progress = UploadProgress(isQuiet: command.quiet)
        let upload = Upload(
            order, from: try input(), through: client,
            patientClient: client.another(
                cancellation: interruption.abandon, change: UploadSession.boundCleaningUp),
            halt: interruption.stop, progress: progress.show)
        do {
            let receipt = try upload.run()
            progress.clear()
            return try report(receipt, seconds: elapsed(since: started))
        } catch let error as UploadError {
            progress.clear()
            throw failure(error)
        }
    }

    /// What is thrown away after a failure must not keep the program for long: whoever stops a
    /// service waits a minute and a half for it.
    private static func boundCleaningUp(_ options: inout Client.Options) {
        options.retry = Retry(maxAttempts: 4, maxWait: 20)
        options.stallMilliseconds = min(options.stallMilliseconds, 15_000)
    }

    private func order(at now: Timestamp) throws -> Upload.Order {
        var order = Upload.Order(to: location, for: recipients)
        order.signer = try command.encryption.signer()
        order.compression = command.encryption.compression
        order.minimumSize = command.minSize.bytes
        order.writing.partSize = Int(command.storing.partSize.bytes)
        order.writing.concurrency = command.storing.concurrency
        let partSize = command.storing.partSize
        order.writing.onLength = { bytes, most in
            diagnostics.warning(
                "\(Quantity.bytes(bytes)) are stored, and no more than \(Quantity.bytes(most)) fit "
                    + "into parts that begin with \(partSize)",
                hint: "where more is to come, begin again with a larger --part-size")
        }
        order.writing.attributes = command.storing.attributes(own: metadata(at: now))
        // Before the first byte is read, not when it is sent.
        try order.writing.attributes.check()
        guard ObjectVersion(key: location.key, id: .null).fitsInXML else {
            throw Failure(
                .usage, "\(location.printable): XML cannot carry the key's control characters",
                hint: "an upload in parts repeats the key in XML: give it another")
        }
        return order
    }

    /// What is known before the first byte: S3 fixes it when an upload begins.
    private func metadata(at now: Timestamp) -> [String: String] {
        let fingerprints = recipients.recipients.prefix(16).map(\.subkey.fingerprint.hex)
        return [
            "backup-tool": "backup \(Backup.configuration.version)",
            "backup-token": token,
            "backup-host": Self.printable(ProcessInfo.processInfo.hostName),
            "backup-started": Timestamp(seconds: now.seconds).rfc3339,
            "backup-compression": "\(command.encryption.compression)",
            "backup-recipients": fingerprints.joined(separator: " "),
        ]
    }

    private static func printable(_ name: String) -> String {
        let text = String(name.unicodeScalars.filter { (0x21...0x7e).contains($0.value) })
        return text.isEmpty ? "unknown" : String(text.prefix(255))
    }

    private func input() throws -> any Input {
        // As everywhere, 0 turns the guard off.
        let stall = command.stallTimeout.map(\.seconds).flatMap { $0 > 0 ? $0 : nil }
        guard command.command.isEmpty else {
            return try CommandInput(
                command.command, halt: interruption.stop, haste: interruption.abandon,
                stallSeconds: stall)
        }
        return StandardInput(halt: interruption.stop, stallSeconds: stall)
    }

    private func report(_ receipt: Upload.Receipt, seconds: Double) throws -> Console.ExitCode {
        if receipt.mayLeaveUpload { warnOfLostUpload() }
        switch receipt.outcome {
        case .stored(let object):
            warn(about: object)
            let result = UploadResult(
                location: location, object: object, receipt: receipt, token: token,
                seconds: seconds)
            do throws(WriteError) {
                try ByteWriter.print(result.line(command.format))
            } catch {
                // The backup is stored, whoever listens.
                diagnostics.warning(
                    "the backup is stored, but \(error.failure.message)",
                    hint: result.text)
            }
            return .done
        case .unknown(let error, let uploadID):
            let upload = uploadID.isEmpty ? "" : ", upload id \(PrintableText.escape(uploadID))"
            throw Failure(
                .unknown,
                "whether the backup was stored is not known: "
                    + PrintableText.escape("\(error)"),
                hint: "\(location.printable)\(upload), token \(token): who may read can look "
                    + "with 'backup verify --token \(token) \(location.printable)'")
        }
    }

    private func failure(_ error: UploadError) -> Failure {
        var failure: Failure
        if let code = interruption.exitCode {
            failure = Failure(code, "interrupted; nothing was stored")
        } else {
            failure = Failure(error.cause, of: Backup.self)
            failure.message += "; nothing was stored"
        }
        switch error.remains {
        case .nothing: break
        case .upload(let id, let why):
            diagnostics.warning(
                "parts of the upload may be left, and are paid for: \(location.printable), upload id "
                    + PrintableText.escape(id),
                hint: "'s3prune uploads' finds and aborts them; aborting now failed: "
                    + PrintableText.escape("\(why)"))
        case .perhaps:
            warnOfLostUpload()
        }
        return failure
    }

    private func warnOfLostUpload() {
        diagnostics.warning(
            "an answer was lost: an upload that nobody completes may be left",
            hint: "'s3prune uploads' finds and aborts it")
    }

    /// Says what is not as it should be about what was stored.
    private func warn(about object: StoredObject) {
        if object.mayHaveTwin {
            diagnostics.warning(
                "an answer was lost: the same backup may be stored twice",
                hint: "both versions bear the token \(token)")
        }
        if object.mayHaveDamagedTwin {
            diagnostics.warning(
                "an earlier attempt may have stored other bytes, as an older version",
                hint: "of the versions that bear the token \(token) the newest is whole")
        }
        if !object.isAnsweredAgain, object.versionID == nil || object.versionID == .null {
            diagnostics.warning(
                "the bucket keeps no versions: what was under this key before is overwritten",
                hint: "'backup setup s3://\(location.bucket)' turns versioning on")
        }
    }

    private func elapsed(since started: Timestamp) -> Double {
        let now = SystemClock.now()
        return Double(now.seconds - started.seconds)
            + Double(now.nanoseconds - started.nanoseconds) / 1e9
    }
}
