import CivilTime
import Console
import OpenPGP

/// What is said of one key of a file.
struct KeyReport {
    let file: String
    let entry: KeyInspection.Entry

    /// For people: the key, its names, its parts, and what is wrong with it.
    var text: String {
        let key = entry.key
        var lines = ["\(PrintableText.escape(file)): key \(key.fingerprint)"]
        for name in key.userIDs {
            lines.append(
                "  \(PrintableText.escape(name.text))\(name.isRevoked ? " (revoked)" : "")")
        }
        for subkey in key.subkeys {
            if subkey != key.primary { lines.append("  subkey \(subkey.fingerprint)") }
            let chosen =
                subkey.fingerprint == entry.encryptsTo ? "; backups are encrypted to it" : ""
            lines.append("    \(Self.words(subkey))\(chosen)")
        }
        if let problem = entry.problem {
            lines.append("  cannot be used: \(PrintableText.escape("\(problem)"))")
            if let hint = problem.hint { lines.append("  hint: \(hint)") }
        }
        for warning in entry.warnings { lines.append("  warning: \(warning)") }
        return lines.map { $0 + "\n" }.joined()
    }

    /// For programs: one object.
    var line: [UInt8] {
        var line = JSONLine()
        line.add("file", file)
        line.add("fingerprint", entry.key.fingerprint.hex)
        line.add("user_ids", entry.key.userIDs) { line, name in
            line.add("text", name.text)
            line.add("revoked", name.isRevoked)
        }
        line.add("keys", entry.key.subkeys) { line, subkey in
            line.add("fingerprint", subkey.fingerprint.hex)
            line.add("algorithm", subkey.algorithm)
            line.add("created", subkey.created?.rfc3339)
            line.add("expires", subkey.expires?.rfc3339)
            line.add("revoked", subkey.isRevoked)
            line.add("uses", Self.uses(subkey).joined(separator: " "))
        }
        line.add("encrypts_to", entry.encryptsTo?.hex)
        line.add("problem", entry.problem.map { "\($0)" })
        line.add("warnings", entry.warnings) { line, warning in
            line.add("fingerprint", warning.fingerprint.hex)
            line.add("message", warning.words)
        }
        return line.take()
    }

    /// `cv25519, made 2026-11-24, expires never: encrypt`
    private static func words(_ subkey: PublicKey.Subkey) -> String {
        var text = subkey.algorithm
        if let created = subkey.created { text += ", made \(date(created))" }
        text += subkey.expires.map { ", expires \(date($0))" } ?? ", never expires"
        if subkey.isRevoked { text += ", revoked" }
        let uses = uses(subkey)
        return text + ": " + (uses.isEmpty ? "for nothing" : "can \(uses.joined(separator: ", "))")
    }

    private static func uses(_ subkey: PublicKey.Subkey) -> [String] {
        let names: [(PublicKey.Uses, String)] = [
            (.encrypt, "encrypt"), (.sign, "sign"), (.certify, "certify"),
            (.authenticate, "authenticate"),
        ]
        return names.filter { subkey.uses.contains($0.0) }.map(\.1)
    }

    private static func date(_ instant: Timestamp) -> String {
        String(instant.rfc3339.prefix { $0 != "T" })
    }
}
