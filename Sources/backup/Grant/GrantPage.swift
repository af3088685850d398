import CivilTime
import Console
import Invocation
import S3

extension Grant {
    /// A page with the form, for a browser: no script, nothing from elsewhere.
    ///
    /// Below a prefix the browser's name of the file follows: S3 puts it for `${filename}`.
    var page: String {
        let title = MarkupText.escaped(place.printable)
        return """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="no-referrer">
            <title>Upload to \(title)</title>
            <style>
            body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
            h1 { font-size: 1.25rem; overflow-wrap: anywhere }
            input, button { font: inherit; margin: .25rem 0 }
            </style>
            <h1>Upload to \(title)</h1>
            <p>\(place.isPrefix ? "The file keeps its name. " : "")\
            From 1 byte to \(maxSize), until \(form.expiration.rfc3339). Every upload is a new version. \
            Whoever has this page can upload: keep it to yourself.</p>
            <form action="\(MarkupText.escaped(form.url))" method="post" \
            enctype="multipart/form-data" accept-charset="utf-8">
            \(hiddenFields)
            <p><label>Backup <input type="file" name="file" required></label></p>
            <p><button>Upload</button></p>
            </form>
            <p>The answer of a finished upload is a small XML document that names it.</p>
            </html>

            """
    }

    private var hiddenFields: String {
        form.fields.map { field in
            let ending = place.isPrefix && field.name == "key" ? "${filename}" : ""
            return "<input type=\"hidden\" name=\"\(MarkupText.escaped(field.name))\" "
                + "value=\"\(MarkupText.escaped(field.value + ending))\">"
        }.joined(separator: "\n")
    }
}
