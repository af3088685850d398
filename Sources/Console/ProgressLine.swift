import Glibc

/// One line on standard error that is written over as work goes on; silent unless it is a terminal.
public final class ProgressLine {
    private let isShown: Bool
    private let started: Double
    private var lastShown = 0.0
    private var width = 0

    /// A line that shows only where standard error is a terminal and `isQuiet` is off.
    public init(isQuiet: Bool) {
        isShown = !isQuiet && isatty(2) == 1
        started = Self.seconds()
    }

    deinit { clear() }

    /// Whether anything is shown; lets callers spare the work of wording it.
    public var isActive: Bool { isShown }

    /// Shows a text in place of the last one, at most ten times a second.
    ///
    /// `text` is given the seconds since the line was made.
    public func show(_ text: (Double) -> String) {
        guard isShown else { return }
        let now = Self.seconds()
        guard now - lastShown >= 0.1 else { return }
        lastShown = now
        let line = String(text(now - started).prefix(79))
        let padding = String(repeating: " ", count: max(0, width - line.count))
        width = line.count
        emit("\r" + line + padding)
    }

    /// Takes the line off the terminal.
    public func clear() {
        guard isShown, width > 0 else { return }
        emit("\r" + String(repeating: " ", count: width) + "\r")
        width = 0
    }

    private func emit(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
