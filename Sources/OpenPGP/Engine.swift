internal import CGPGME
internal import Glibc

/// The gpg of the system, as gpgme finds it.
enum Engine {
    /// The oldest gpg that refuses messages without protection against changes by itself, and
    /// that knows every status line that is looked at here.
    static let needed = "2.2.8"

    /// Makes sure that gpgme is ready and that gpg is there and new enough.
    static func check(operation: String) throws(OpenPGPError) {
        if let problem = state { throw OpenPGPError(operation, "", problem) }
    }

    private static let state = examine()

    /// gpgme must be initialised once, before anything else of it is used.
    private static let initialization: OpenPGPError.Code? = {
        guard gpgme_check_version("1.16.0") == nil else { return nil }
        let found = gpgme_check_version(nil).map { String(cString: $0) } ?? "?"
        return .engine("gpgme \(found) is too old: 1.16.0 is needed")
    }()

    /// Asks a gpg for its version: the one that gpgme finds, or another program.
    static func examine(_ program: String? = nil) -> OpenPGPError.Code? {
        if let initialization { return initialization }
        var context: gpgme_ctx_t?
        guard gpgme_new(&context) == 0 else { return .engine("no memory") }
        defer { gpgme_release(context) }
        if let program {
            let code = gpgme_ctx_set_engine_info(context, GPGME_PROTOCOL_OpenPGP, program, nil)
            guard code == 0 else { return .gpgMissing }
        }
        // gpgme's word for a program that is not there or does not answer is 1.0.0.
        guard let version = version(gpgme_ctx_get_engine_info(context)), version != "1.0.0"
        else { return descriptorsAreScarce ? .engine("too many open files") : .gpgMissing }
        return isAtLeast(version, needed) ? nil : .gpgTooOld(found: version, needed: needed)
    }

    /// Whether gpg cannot be asked because this process may not open what it takes to: gpgme does
    /// not tell that from a program that is not there.
    private static var descriptorsAreScarce: Bool {
        var taken: [Int32] = []
        defer { for descriptor in taken { close(descriptor) } }
        for _ in 0..<8 {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return errno == EMFILE || errno == ENFILE }
            taken.append(descriptor)
        }
        return false
    }

    private static func version(_ first: gpgme_engine_info_t?) -> String? {
        var info = first
        while let engine = info {
            if engine.pointee.protocol == GPGME_PROTOCOL_OpenPGP {
                return engine.pointee.version.map { String(cString: $0) }
            }
            info = engine.pointee.next
        }
        return nil
    }

    /// Compares versions number by number: 2.2.40 is at least 2.2.8.
    static func isAtLeast(_ found: String, _ needed: String) -> Bool {
        func numbers(_ text: String) -> [Int] {
            text.split(separator: ".").map { part in
                Int(part.prefix { $0.isASCII && $0.isNumber }) ?? 0
            }
        }
        var found = numbers(found)
        var needed = numbers(needed)
        while found.count < needed.count { found.append(0) }
        while needed.count < found.count { needed.append(0) }
        return !found.lexicographicallyPrecedes(needed)
    }
}
