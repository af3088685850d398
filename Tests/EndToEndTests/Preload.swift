import Foundation

/// A library that stands in for functions of the system's, built from C by `cc`.
///
/// What the program starts itself does not get it.
struct Preload {
    private let scratch: Scratch
    /// What `LD_PRELOAD` is set to.
    var path: String { scratch.path("stand-in.so") }

    init(_ functions: String) async throws {
        scratch = try Scratch()
        let source = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <netdb.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            __attribute__((constructor)) static void alone(void) { unsetenv("LD_PRELOAD"); }

            """
        let file = try scratch.write("stand-in.c", source + functions + "\n")
        let outcome = try await Command(
            program: "/usr/bin/cc", arguments: ["-shared", "-fPIC", "-o", path, file, "-ldl"],
            environment: ["PATH": "/usr/bin:/bin"]
        ).run()
        guard outcome.status == 0 else { throw Unbuilt(errors: outcome.errorText) }
    }

    private struct Unbuilt: Error {
        var errors: String
    }
}
