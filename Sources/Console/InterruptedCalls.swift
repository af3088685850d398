internal import Glibc

/// Repeats a call of the system as long as a signal interrupts it.
///
/// `call` gives -1 and sets `errno` where it fails, as the functions of the system do.
public func retrying<Result: FixedWidthInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
