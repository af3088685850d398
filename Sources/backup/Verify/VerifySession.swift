import BackupPipeline
import CivilTime
import Console
import Invocation
import OpenPGP
import S3

/// One run of `backup verify`.
final class VerifySession {
    private let command: VerifyCommand
    private let client: Client
    private let interruption: Interruption
    private let verifier: Verifier
    private let report: VerifyReport
    private let progress: TransferProgress
    /// Keys below a prefix whose current version is a delete marker.
    private var deletedKeys = 0
    /// What has been listed and not looked at yet.
    private var waiting: [(location: S3Location, version: KeyHistory.Version)] = []

    init(
        command: VerifyCommand, client: Client, interruption: Interruption, expected: ExpectedKeys?
    ) throws {
        self.command = command
        self.client = client
        self.interruption = interruption
        var order = Verifier.Order()
        order.expected = expected
        order.needsEveryKey = !command.anyRecipient
        order.isFull = command.full
        order.keyring = command.decryption.keyring
        order.passphrase = try command.decryption.passphrase()
        order.signer = try command.decryption.demandedSigner()
        order.limit = command.maxSize?.bytes
        order.concurrency = command.concurrency
        verifier = Verifier(order, stop: interruption.stop)
        report = VerifyReport(format: command.format)
        progress = TransferProgress(isQuiet: command.quiet)
    }

    func run(_ places: [VerifiedPlace], only version: VersionID?) throws -> Console.ExitCode {
        do {
            if let version {
                try look(for: version, of: places[0].location)
            } else if let token = command.token {
                try find(token, in: places)
            } else {
                for place in places { try list(place) }
            }
            try look()
        } catch {
            progress.clear()
            try report.finish()
            guard let code = interruption.exitCode else { throw error }
            throw Failure(code, "interrupted: the versions that have no line were not looked at")
        }
        try report.finish()
        say()
        return report.failed > 0 ? .problems : .done
    }

    private func say() {
        var said = diagnostics
        said.isQuiet = command.quiet
        let sum = report.passed + report.failed
        said.note("\(Quantity.count(sum, "version")): \(report.passed) good, \(report.failed) not")
        if deletedKeys > 0 {
            said.note(
                "a delete marker is current of \(Quantity.count(deletedKeys, "more key")): not "
                    + "looked at")
        }
        if report.passed > 0, !command.full {
            said.note(
                "only the beginning of each was looked at; --full decrypts all of it with the "
                    + "secret key")
        }
    }

    /// Adds a version of which only the id is known.
    private func look(for id: VersionID, of location: S3Location) throws {
        let info: ObjectInfo
        do throws(S3Error) {
            info = try PinnedVersion(location, id: id, through: client).info
        } catch {
            if error.isDeleteMarker {
                let problem = Finding.Problem(.deleted, "\(id) is a delete marker")
                return try tell(Finding(nil, problems: [problem]), of: location)
            }
            guard error.status == 404 else { throw error }
            return try missing(location, "there is no version \(id)")
        }
        try add(
            (
                location,
                KeyHistory.Version(
                    id: id, etag: info.etag, size: info.size,
                    modified: info.lastModified ?? Timestamp(seconds: 0), isLatest: false,
                    isMarker: false)
            ))
    }

    // MARK: Listing

    private func list(_ place: VerifiedPlace) throws {
        guard place.isPrefix else {
            let history = try KeyHistory(of: place.location, through: client)
            return try add(history, of: place.location, isNamed: true)
        }
        var keys = 0
        let deletedBefore = deletedKeys
        try each(of: place) { history, location in
            try add(history, of: location, isNamed: false)
            keys += 1
        }
        let deleted = deletedKeys - deletedBefore
        if keys == 0 {
            try missing(place.location, "there is no key that begins like this")
        } else if deleted == keys {
            let words =
                "a delete marker is current of every key that begins like this "
                + "(\(Quantity.grouped(keys)))"
            try tell(Finding(nil, problems: [.init(.deleted, words)]), of: place.location)
        }
    }

    private func each(
        of place: VerifiedPlace, _ body: (KeyHistory, S3Location) throws -> Void
    ) throws {
        try KeyHistory.each(
            of: place.location.bucket, prefix: place.location.key, through: client
        ) { history in
            try body(history, try S3Location(bucket: place.location.bucket, key: history.key))
            return true
        }
    }

    private func add(_ history: KeyHistory, of location: S3Location, isNamed: Bool) throws {
        let real = history.versions.filter { !$0.isMarker }
        if command.all {
            if real.isEmpty, isNamed { try missing(location, "the key has no version") }
            if real.isEmpty, !isNamed { deletedKeys += 1 }
            for version in real { try add((location, version)) }
            return
        }
        let latest = history.versions.filter(\.isLatest)
        if latest.count == 1, !latest[0].isMarker {
            try add((location, latest[0]))
        } else if latest.count == 1, isNamed {
            let words = "a delete marker of \(latest[0].modified.rfc3339) is current"
            try tell(Finding(nil, problems: [.init(.deleted, words)]), of: location)
        } else if latest.count == 1 {
            deletedKeys += 1
        } else {
            let words = "the server calls \(latest.count) versions of the key current"
            try missing(location, history.versions.isEmpty ? "the key has no version" : words)
        }
    }

    private func missing(_ location: S3Location, _ words: String) throws {
        try tell(Finding(nil, problems: [.init(.missing, words)]), of: location)
    }

    // MARK: Tokens

    private func find(_ token: String, in places: [VerifiedPlace]) throws {
        for place in places {
            var isFound = false
            func search(_ history: KeyHistory, _ location: S3Location) throws {
                guard
                    let version = try history.version(
                        bearing: token, at: location, through: client)
                else { return }
                isFound = true
                try add((location, version))
            }
            if place.isPrefix {
                try each(of: place, search)
            } else {
                try search(try KeyHistory(of: place.location, through: client), place.location)
            }
            if !isFound {
                try missing(
                    place.location,
                    "no version bears the token \(token): nothing was stored, or the server is "
                        + "still completing the upload")
            }
        }
    }

    // MARK: Looking

    /// Versions are looked at some at a time, so that lines appear as the listing goes on.
    private func add(_ target: (location: S3Location, version: KeyHistory.Version)) throws {
        waiting.append(target)
        if waiting.count >= (command.full ? 1 : 16 * command.concurrency) { try look() }
    }

    private func look() throws {
        let targets = waiting
        waiting = []
        if command.full { progress.total = targets.reduce(0) { $0 + $1.version.size } }
        let findings = try verifier.findings(
            about: targets, through: client, progress: progress.show)
        progress.clear()
        for (target, finding) in zip(targets, findings) {
            try report.add(finding, of: target.location, bearing: command.token)
        }
    }

    /// Prints what needs no look, after what was listed before it.
    private func tell(_ finding: Finding, of location: S3Location) throws {
        try look()
        try report.add(finding, of: location, bearing: nil)
    }
}

extension VerifyCommand {
    /// Reads the keys that messages may be encrypted to; nil where any will do.
    func expectedKeys() throws -> ExpectedKeys? {
        let fingerprints = try fingerprint.map { text in
            guard let fingerprint = Fingerprint(text) else {
                throw Failure(
                    .usage, "not a full fingerprint: \(PrintableText.escape(text))",
                    hint: "40 hexadecimal digits, as 'backup key inspect FILE' shows them")
            }
            return fingerprint
        }
        do {
            return try ExpectedKeys(
                files: recipient, fingerprints: fingerprints, now: SystemClock.now())
        } catch let error as UnexpectedKey {
            throw Failure(.refused, PrintableText.escape("\(error)"))
        }
    }
}
