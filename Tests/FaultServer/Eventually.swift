internal import Glibc

/// Waits until a condition holds, at most a minute: for what a server or a process comes to in its
/// own time.
public func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<6000 {
        if condition() { return true }
        usleep(10_000)
    }
    return condition()
}
