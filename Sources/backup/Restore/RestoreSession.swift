import BackupPipeline
import CivilTime
import Console
import Gzip
import Invocation
import OpenPGP
import S3

/// One run of `backup restore`, from the chosen version to the line of result.
struct RestoreSession {
    let command: RestoreCommand
    let location: S3Location
    let client: Client
    let interruption: Interruption
    let passphrase: Passphrase?
    let signer: Fingerprint?

    func run(_ selection: Selection) throws -> Console.ExitCode {
        let started = SystemClock.now()
        let progress = TransferProgress(isQuiet: command.quiet)
        let written = Written()
        do {
            let version = try PinnedVersion(
                location, id: try selection.resolve(location, through: client), through: client)
            progress.total = version.size
            let order = order(for: version)
            let output = try RestoreOutput(
                command, key: location.key, unpacks: order.unpacking != .format(.none),
                stop: interruption.stop)
            let outcome = try restore(
                order, limit: output.defaultLimit(for: version), progress
            ) {
                written.count += Int64($0.count)
                try output.write($0)
            }
            // After a signal nothing more gets its name.
            guard interruption.signal == nil else { throw Interrupted() }
            try output.finish()
            progress.clear()
            try output.report(
                RestoreResult(
                    version: version, outcome: outcome, output: output.name,
                    seconds: started.seconds(until: SystemClock.now())))
            return .done
        } catch {
            progress.clear()
            throw failure(error, written: written.count)
        }
    }

    /// How many bytes have left.
    private final class Written { var count: Int64 = 0 }

    private struct Interrupted: Error {}

    private func order(for version: PinnedVersion) -> Restore.Order {
        var order = Restore.Order(version)
        order.keyring = command.decryption.keyring
        order.passphrase = passphrase
        order.signer = signer
        order.reading.concurrency = command.concurrency
        order.unpacking =
            switch command.unpack {
            case .auto: Unpacking(of: version)
            case .gzip: .format(.gzip)
            case .zstd: .format(.zstd)
            case .none: .format(.none)
            }
        return order
    }

    private func restore(
        _ order: Restore.Order, limit: Int64, _ progress: TransferProgress,
        into sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws -> RestoreResult.Outcome {
        var order = order
        order.limit = command.maxSize?.bytes ?? limit
        let restore = Restore(
            order, through: client, stop: interruption.stop, progress: progress.show)
        if command.raw { return .raw(try restore.runRaw(into: sink)) }
        return .restored(try restore.run(into: sink), isSignerDemanded: signer != nil)
    }

    private func failure(_ error: any Error, written: Int64) -> Failure {
        var failure = interruption.exitCode.map { Failure($0, "interrupted") } ?? cause(error)
        failure.message +=
            command.writesToStandardOutput && written > 0
            ? "; what went to standard output (\(Quantity.bytes(written))) is not to be trusted"
            : "; nothing was restored"
        return failure
    }

    private func cause(_ error: any Error) -> Failure {
        var failure = Failure(error, of: Backup.self)
        guard let error = error as? S3Error else { return failure }
        if error.status == 404, command.versionID != nil, failure.hint == nil {
            failure.hint = "'backup list --versions' shows the versions of the key"
        }
        if error.code == "InvalidObjectState" {
            failure.code = .failed
            failure.hint =
                "the version lies in an archive: RestoreObject first, such as with 'aws s3api "
                + "restore-object', and wait until it is done"
        }
        return failure
    }
}

extension Timestamp {
    /// The seconds up to a later instant.
    func seconds(until later: Timestamp) -> Double {
        Double(later.seconds - seconds) + Double(later.nanoseconds - nanoseconds) / 1e9
    }
}

/// Shows how a transfer of known size goes on.
final class TransferProgress {
    private let line: ProgressLine
    /// The bytes that there are.
    var total: Int64 = 0

    init(isQuiet: Bool) { line = ProgressLine(isQuiet: isQuiet) }

    func show(_ bytes: Int64) {
        line.show { seconds in
            let rate = seconds > 0 ? Double(bytes) / seconds : 0
            var text =
                "read \(Quantity.bytes(bytes)) of \(Quantity.bytes(total)), "
                + "\(Quantity.bytes(Int64(rate)))/s"
            if rate > 0, total > bytes {
                let left = Int((Double(total - bytes) / rate).rounded(.up))
                text += ", \(FixedDuration(seconds: left)) left"
            }
            return text
        }
    }

    func clear() { line.clear() }
}
