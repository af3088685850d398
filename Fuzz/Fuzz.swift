import Glibc

/// libFuzzer's entry: one input for the surface that `FUZZ_SURFACE` names.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    surface(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// What is fuzzed; chosen once.
private let surface: @Sendable ([UInt8]) -> Void = {
    let name = getenv("FUZZ_SURFACE").map { String(cString: $0) } ?? ""
    guard let surface = surfaces[name] else {
        print("FUZZ_SURFACE is one of: \(surfaces.keys.sorted().joined(separator: " "))")
        exit(64)
    }
    return surface
}()
