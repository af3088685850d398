import Console
import Invocation
import S3

/// Tries what a role must be able to do, and what it must not, with the credentials at hand.
struct RightsCheck {
    let role: Role
    let scratch: ScratchObject
    /// Whose rights they are.
    let holder: String
    let output: ByteWriter

    /// Tries everything and prints a line for each right; the exit code and what is wrong.
    func run() throws -> Console.ExitCode {
        try say("\(role.rawValue) of \(scratch.place.printable), as \(holder)")
        var wrong = 0
        var unclear = 0
        for probe in role.probes(on: scratch) {
            let verdict = try probe.verdict()
            try say(Self.line(probe, verdict))
            switch verdict {
            case .allowed where !probe.isExpected, .denied where probe.isExpected: wrong += 1
            case .unclear: unclear += 1
            default: break
            }
        }
        try reportRest()
        try output.finish()
        guard wrong == 0 else {
            throw Failure(
                .permission,
                "\(Quantity.count(wrong, "right")) of these credentials \(wrong == 1 ? "is" : "are")"
                    + " not what the role \(role.rawValue) has",
                hint: "'backup iam \(role.rawValue) --bucket \(scratch.place.bucket)' prints its "
                    + "policy; see what else the user, its groups and the bucket's policy allow")
        }
        return unclear == 0 ? .done : .problems
    }

    private static func line(_ probe: Probe, _ verdict: Probe.Verdict) -> String {
        let name = probe.action + (probe.detail.isEmpty ? "" : " \(probe.detail)")
        switch verdict {
        case .allowed: return row(probe.isExpected, "may", name)
        case .denied: return row(!probe.isExpected, "may not", name)
        case .unsupported(let code):
            return "-      \(padded("")) \(name): not on this server (\(code))"
        case .unclear(let why):
            return "?      \(padded("")) \(name): \(PrintableText.escape(why))"
        }
    }

    private static func row(_ isRight: Bool, _ what: String, _ name: String) -> String {
        "\(isRight ? "ok    " : "WRONG ") \(padded(what)) \(name)"
    }

    private static func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(0, 7 - text.count))
    }

    /// What stays behind, and what was not tried.
    private func reportRest() throws {
        let key = "s3://\(scratch.place.bucket)/\(PrintableText.escape(scratch.key))"
        if scratch.isStored {
            let version = scratch.stored.map { ", version \(PrintableText.escape($0.bytes))" } ?? ""
            try say("left behind: \(key)\(version), \(ScratchObject.content.count) bytes")
        }
        if scratch.leftMarker { try say("left behind: a delete marker on \(key)") }
        try say("not tried, as trying could do it: s3:DeleteBucket, s3:BypassGovernanceRetention")
    }

    /// A line at once, as each may take a while.
    private func say(_ line: String) throws {
        try output.write(line + "\n")
        try output.flush()
    }
}
