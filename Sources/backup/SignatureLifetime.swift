import CivilTime
import Console
import Invocation
import S3

/// How long a signature lasts that is handed to somebody else: 1 s to 7 days, which is as long as
/// the key that S3 derives for a day is good for.
struct SignatureLifetime {
    /// 1 ... 604,800.
    let seconds: Int

    private static let longest = 604_800

    /// Throws for what no signature can last, naming the option.
    init(_ duration: FixedDuration, option: String) throws {
        guard (1...Self.longest).contains(duration.seconds) else {
            throw Failure(
                .usage,
                "\(option) is \(duration) (\(duration.seconds) s), a signature lasts 1 s to 7d "
                    + "(\(Self.longest) s)")
        }
        seconds = duration.seconds
    }

    /// Says when it ends, and that temporary credentials end it earlier.
    func report(
        of what: String, signedBy credentials: Credentials, at now: Timestamp,
        to diagnostics: Diagnostics
    ) {
        let end = Timestamp(seconds: now.seconds).advanced(bySeconds: Int64(seconds))
        if let sessionEnd = credentials.expiration, sessionEnd < end {
            diagnostics.warning(
                "\(what) works only until \(sessionEnd.rfc3339), when the credentials end",
                hint: "a long-lived access key can sign for \(FixedDuration(seconds: seconds))")
        } else if credentials.sessionToken != nil {
            diagnostics.warning(
                "a session token signs: \(what) ends with the session, even before "
                    + end.rfc3339,
                hint: "sign with a long-lived access key")
        } else {
            diagnostics.note("\(what) works until \(end.rfc3339)")
        }
    }
}
