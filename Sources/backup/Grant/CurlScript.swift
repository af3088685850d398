import CivilTime
import Console
import Invocation
import S3

extension Grant {
    /// A script for any POSIX shell, and any curl of the last fifteen years.
    ///
    /// The fields reach curl through a configuration on its standard input, so that no other user
    /// of the server sees them in the list of processes. The answer must be exactly 201: an
    /// intermediary that answers 200 to everything has stored nothing.
    var curlScript: String {
        """
        #!/bin/sh
        \(head)
        set -eu
        umask 077
        form() {
            cat <<'END_OF_FORM'
        \(configuration)
        END_OF_FORM
        }
        fail() {
            printf 'error: %s\\n' "$2" >&2
            exit "$1"
        }
        \(place.isPrefix ? nameArgument : Self.noArgument)
        work=$(mktemp -d "${TMPDIR:-/tmp}/backup.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM HUP

        "$@" >"$work/backup" || fail 1 "$1 exited with $?, nothing was uploaded"
        size=$(($(wc -c <"$work/backup")))
        [ "$size" -gt 0 ] || fail 1 "$1 wrote nothing, nothing was uploaded"
        [ "$size" -le \(maxSize.bytes) ] ||
            fail 3 "$size bytes, the form takes \(maxSize), nothing was uploaded"

        code=$(form | (cd "$work" && curl --silent --show-error --config - \\
            --connect-timeout 30 --speed-limit 1 --speed-time 300 --retry 4 \\
            --output answer --dump-header headers --write-out '%{http_code}' \\
            \(keyArgument)--form file=@backup)) ||
            fail 5 "no whole answer: whether the backup was stored is not known"
        if [ "$code" != 201 ]; then
            { LC_ALL=C tr -d '\\000-\\010\\013-\\037\\177' <"$work/answer" && echo; } >&2 || true
            fail 1 "the server answered $code, not 201"
        fi
        version=$(LC_ALL=C sed -n 's/^[Xx]-[Aa]mz-[Vv]ersion-[Ii]d: *\\([!-~]*\\).*/\\1/p' \\
            "$work/headers")
        printf 'uploaded %s, %s bytes%s\\n' \(shownPlace) "$size" "${version:+, version $version}"

        """
    }

    /// The comment on top.
    private var head: String {
        let name = place.isPrefix ? "NAME " : ""
        let what = place.isPrefix ? "as NAME below" : "as"
        return """
            # Uploads one backup \(what) \(place.printable)
            #
            #     sh upload.sh \(name)COMMAND ARGUMENT...
            #
            # COMMAND writes the backup to its standard output. For a pipeline:
            #
            #     sh upload.sh \(name)bash -o pipefail -c 'pg_dump shop | gzip | gpg -e -f key.asc'
            #
            # Works until \(form.expiration.rfc3339), for 1 byte to \(maxSize), as often as it is
            # run; each run makes a new version. Whoever can read this script can do that: give it
            # mode 0600, and send it as you send a password. It holds no secret key.
            #
            # The backup goes to a file below ${TMPDIR:-/tmp} first, and is uploaded only if COMMAND
            # exits with 0: 'curl -F file=@-' would hold all of it in memory, and would upload
            # whatever a failing command wrote before it failed.
            """
    }

    private static let noArgument = #"""
        [ $# -gt 0 ] || fail 64 "usage: sh $0 COMMAND ARGUMENT..."
        """#

    private var nameArgument: String {
        """
        prefix=\(ShellText.quoted(place.text))

        """ + Self.namedArguments
    }

    private static let namedArguments = #"""
        [ $# -gt 1 ] && [ -n "$1" ] || fail 64 "usage: sh $0 NAME COMMAND ARGUMENT..."
        name=$1
        shift
        """#

    /// The lines of curl's configuration. The key of a prefix is not known yet.
    private var configuration: String {
        let fields = form.fields.filter { !place.isPrefix || $0.name != "key" }
        return
            (["url = \(Self.configured(form.url))"]
            + fields.map { "form-string = \(Self.configured("\($0.name)=\($0.value)"))" })
            .joined(separator: "\n")
    }

    private var keyArgument: String {
        place.isPrefix ? "--form-string \"key=$prefix$name\" " : ""
    }

    private var shownPlace: String {
        let shown = ShellText.quoted("s3://\(place.bucket)/\(place.text)")
        return place.isPrefix ? shown + "\"$name\"" : shown
    }

    /// A value of curl's configuration file: in quotes, quotes and backslashes escaped.
    private static func configured(_ value: String) -> String {
        var text = "\""
        for character in value.unicodeScalars {
            if character == "\"" || character == "\\" { text += "\\" }
            text.unicodeScalars.append(character)
        }
        return text + "\""
    }
}
