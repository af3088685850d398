import Console
import Invocation
import S3

/// Takes the steps of a setup and says what became of each.
struct SetupReport {
    let output: ByteWriter
    let diagnostics: Diagnostics

    /// Takes all steps; one that fails does not keep the next from being taken.
    func run(_ setup: BucketSetup) throws -> Console.ExitCode {
        try output.write("s3://\(setup.bucket) at \(setup.client.endpoint)\n")
        var failures: [Failure] = []
        var changed = false
        guard let existence = try setup.existence() else {
            try row("would create", "bucket", "")
            for step in setup.steps { try row("would set", step.name, "") }
            try output.finish()
            return .done
        }
        changed = try report(existence, "bucket", setup)
        for step in setup.steps {
            do {
                if try report(step.perform(), step.name, setup) { changed = true }
            } catch let error as S3Error where error.isNotImplemented {
                try row("not there", step.name, "this server does not have it")
            } catch {
                failures.append(try failed(error, step.name))
            }
        }
        try output.finish()
        warnOfDeletion(setup)
        return try end(failures, changed: changed && setup.changes)
    }

    /// Prints a line; whether something was, or would be, changed.
    private func report(
        _ result: BucketSetup.Result, _ name: String, _ setup: BucketSetup
    ) throws -> Bool {
        switch result {
        case .fine(let words):
            try row("ok", name, words)
            return false
        case .change(let words):
            try row(setup.changes ? "changed" : "would change", name, words)
            return true
        }
    }

    /// An answer about one setting is reported; what says nothing of the others ends the run.
    private func failed(_ error: any Error, _ name: String) throws -> Failure {
        if let error = error as? S3Error, error.cause != .answer { throw error }
        let failure = Failure(error, of: Backup.self)
        try row("failed", name, failure.message)
        return failure
    }

    private func row(_ state: String, _ name: String, _ words: String) throws {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let line = "\(padded(state, 12))  \(padded(name, 13))"
        try output.write((words.isEmpty ? line.trimmed : "\(line)  \(words)") + "\n")
        try output.flush()
    }

    private func warnOfDeletion(_ setup: BucketSetup) {
        for rule in setup.lifecycleRulesThatDelete() {
            let name = "lifecycle rule \"\(PrintableText.escape(rule.id))\""
            if let days = rule.expiresNoncurrentAfterDays {
                diagnostics.warning(
                    "\(name) deletes versions \(Quantity.count(days, "day")) after they were "
                        + "replaced, whatever a policy of s3prune keeps")
            }
            if rule.expiresCurrent {
                diagnostics.warning("\(name) hides current versions behind delete markers")
            }
        }
    }

    private func end(_ failures: [Failure], changed: Bool) throws -> Console.ExitCode {
        guard let first = failures.first else { return .done }
        throw Failure(
            changed ? .partial : first.code,
            "\(Quantity.count(failures.count, "step")) of the setup failed: \(first.message)",
            hint: first.hint)
    }
}

extension String {
    /// Without the spaces at its end.
    fileprivate var trimmed: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
