/// Words of a POSIX shell.
public enum ShellText {
    /// One word, in single quotes.
    ///
    /// Characters of Unicode are no units here: a quotation mark with a combining mark behind it is
    /// one of them, and ends a word all the same.
    public static func quoted(_ word: String) -> String {
        var text = "'"
        for scalar in word.unicodeScalars {
            if scalar == "'" {
                text += #"'\''"#
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text + "'"
    }
}
