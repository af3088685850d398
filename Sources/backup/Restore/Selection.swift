import BackupPipeline
import CivilTime
import Console
import Invocation
import S3

/// Which version of a key is meant.
enum Selection {
    /// What is current, or is hidden by a delete marker.
    case current
    /// What was current at an instant.
    case at(Timestamp)
    /// This one.
    case id(VersionID)

    /// Reads `--version-id` and `--at`.
    init(versionID: String?, at: String?) throws {
        if let versionID {
            guard let id = VersionID(versionID) else {
                throw Failure(
                    .usage, "not a version id: \"\(PrintableText.escape(versionID))\"",
                    hint: "'backup list --versions' shows them")
            }
            self = .id(id)
        } else if let at {
            guard var instant = Timestamp(rfc3339: at) else {
                throw Failure(
                    .usage, "--at is not a time: \(PrintableText.escape(at))",
                    hint: "write it as 2026-11-20T03:00:00Z, or with an offset: "
                        + "2026-11-20T04:00:00+01:00")
            }
            // Times are listed in whole seconds: what is dated within this one belongs to it.
            if !at.contains(".") { instant.nanoseconds = 999_999_999 }
            self = .at(instant)
        } else {
            self = .current
        }
    }

    /// Settles it for one version, and says so where that is not the current one.
    func resolve(_ location: S3Location, through client: Client) throws -> VersionID {
        do throws(any Error) {
            switch self {
            case .id(let id): return id
            case .at(let instant):
                let history = try KeyHistory(of: location, through: client)
                return try history.current(at: instant).version.id
            case .current:
                let choice = try KeyHistory(of: location, through: client).current()
                if let marker = choice.hiddenBy {
                    diagnostics.warning(
                        "a delete marker of \(marker.modified.rfc3339) is current; taking the "
                            + "newest version below it, of \(choice.version.modified.rfc3339)")
                }
                return choice.version.id
            }
        } catch let error as VersionChoiceError {
            throw Failure(
                .failed, "\(location.printable): \(PrintableText.escape(error.description))",
                hint: error.hint.map { PrintableText.escape($0) })
        }
    }
}
