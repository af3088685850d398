internal import Dispatch
internal import Foundation
internal import Synchronization

/// How much a property is asked for.
public enum Soak {
    /// The number that the environment gives for a long run, or that of the usual, short one.
    public static func count(_ name: String = "SOAK_HISTORIES", else usual: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? usual
    }

    /// Whether the environment asks for a long run.
    public static var isOn: Bool { ProcessInfo.processInfo.environment["SOAK_HISTORIES"] != nil }
}

/// The smallest of `count` seeds for which `fails` is true, or nil; two threads look for it.
///
/// Which seed that is does not depend on the threads: one that found a counterexample leaves those
/// before it to be looked at.
public func firstFailure(
    ofSeeds count: UInt64, _ fails: @escaping @Sendable (UInt64) -> Bool
) -> UInt64? {
    let block: UInt64 = 64
    let next = Mutex<UInt64>(0)
    let found = Mutex<UInt64>(.max)
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
        while true {
            let start = next.withLock { next in
                defer { next += block }
                return next
            }
            guard start < min(count, found.withLock(\.self)) else { return }
            for seed in start..<min(start + block, count) where fails(seed) {
                found.withLock { $0 = min($0, seed) }
                break
            }
        }
    }
    return found.withLock { $0 == .max ? nil : $0 }
}

/// A value from which parts can be taken away.
public protocol Shrinkable {
    /// The values that lack one part of this one.
    var smaller: [Self] { get }
}

extension Shrinkable {
    /// A value that still fails, and of which no single part can be taken away without mending it.
    public func shrunk(while fails: (Self) -> Bool) -> Self {
        var current = self
        while let next = current.smaller.first(where: fails) { current = next }
        return current
    }
}
