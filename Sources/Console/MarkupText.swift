/// Text as HTML holds it, within quotes or without.
public enum MarkupText {
    /// What could be markup, and what does not show, as references; the reader gets back the same
    /// text.
    public static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case _ where scalar != "\\" && PrintableText.escape(String(scalar)) != String(scalar):
                result += "&#\(scalar.value);"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
