internal import Console

/// Pieces of HTML whose texts can mean nothing but themselves.
///
/// What a terminal would act upon is escaped first, as in every report, so that a key can neither
/// hide nor turn around what stands beside it; then `& < > " '` are.
enum HTMLText {
    /// A text between or inside tags.
    static func escaped(_ text: String) -> String {
        MarkupText.escaped(PrintableText.escape(text))
    }

    /// A key or id.
    static func code(_ bytes: some Sequence<UInt8>) -> String {
        "<code>" + MarkupText.escaped(PrintableText.escape(bytes)) + "</code>"
    }

    /// A table with one row a line; the cells are HTML.
    static func table(_ titles: [(name: String, isNumber: Bool)], _ rows: [[String]]) -> String {
        var text = "<div class=\"wide\"><table><thead><tr>"
        for title in titles { text += cell("th", title.name, isNumber: title.isNumber) }
        text += "</tr></thead><tbody>\n"
        for row in rows {
            text += "<tr>"
            for (title, content) in zip(titles, row) {
                text += cell("td", content, isNumber: title.isNumber)
            }
            text += "</tr>\n"
        }
        return text + "</tbody></table></div>\n"
    }

    private static func cell(_ tag: String, _ content: String, isNumber: Bool) -> String {
        "<\(tag)\(isNumber ? " class=\"n\"" : "")>\(content)</\(tag)>"
    }
}
