import Foundation

/// `scripts/relay.py` beside a test: a way to a port of loopback through TLS or through a proxy.
final class Relay {
    private let process = Process()
    private let scratch: Scratch
    /// Where it listens on 127.0.0.1.
    let port: Int

    init(to port: Int, _ options: [String]) throws {
        scratch = try Scratch()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments =
            [Places.script("relay.py"), scratch.path("log"), "\(port)"] + options
        process.standardInput = Pipe()
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw CocoaError(.fileReadUnknown)
        }
        self.port = port
    }

    deinit {
        // Its standard input ends with this; waiting leaves no process behind.
        (process.standardInput as? Pipe)?.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }

    /// What it noted so far.
    var log: [Substring] {
        ((try? scratch.read("log")).map { String(decoding: $0, as: UTF8.self) } ?? "")
            .split(separator: "\n")
    }
}

/// A throw-away authority and a server's certificate, made by `openssl`.
struct Certificate {
    private let scratch: Scratch
    /// What trusts the certificate.
    var authority: String { scratch.path("authority.pem") }
    /// The certificate's file and that of its key, as `scripts/relay.py` wants them.
    var options: [String] {
        ["--certificate", scratch.path("server.pem"), "--key", scratch.path("server.key")]
    }

    /// A certificate for a name as in `DNS:s3.test` or `IP:127.0.0.1`; one that has expired was
    /// made 30 days ago for 10.
    init(for name: String, hasExpired: Bool = false) async throws {
        scratch = try Scratch()
        let script = """
            set -e
            cd "$HOME"
            new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
            openssl req -x509 $new -keyout authority.key -out authority.pem -days 3650 \\
                -subj /CN=authority
            openssl req $new -keyout server.key -out request.pem -subj /CN=server
            echo "subjectAltName=$NAME" >extensions
            [ -z "$LIBRARY" ] || export LD_PRELOAD="$LIBRARY" FAKETIME=-30d
            openssl x509 -req -in request.pem -CA authority.pem -CAkey authority.key \\
                -CAcreateserial -days 10 -extfile extensions -out server.pem
            """
        let library = hasExpired ? try Self.fakeTime() : ""
        let outcome = try await Command(
            program: "/bin/sh", arguments: ["-c", script],
            environment: [
                "HOME": scratch.directory, "PATH": "/usr/bin:/bin", "NAME": name,
                "LIBRARY": library,
            ]
        ).run()
        guard outcome.status == 0 else { throw Unmade(errors: outcome.errorText) }
    }

    private static func fakeTime() throws -> String {
        for directory in try FileManager.default.contentsOfDirectory(atPath: "/usr/lib") {
            let path = "/usr/lib/\(directory)/faketime/libfaketime.so.1"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw Unmade(errors: "libfaketime is not installed")
    }

    private struct Unmade: Error {
        var errors: String
    }
}
