import Console
import Glibc

/// The other half: uploads from servers and restores. Nothing of it can be used yet.
@main
struct Program {
    static func main() {
        let diagnostics = Diagnostics(program: "backup")
        diagnostics.error(
            "not yet: this program has no commands in this version",
            hint: "upload with 'gzip | gpg | aws s3 cp -', and let s3prune watch the versions")
        exit(ExitCode.failed.rawValue)
    }
}
