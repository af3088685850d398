import FaultServer
import Foundation

/// A store on loopback and `backup upload` to it.
final class UploadRig {
    let store: UploadStore
    let server: FaultServer
    let keys: BackupKeys
    var program: Program

    static let object = "s3://bkt/db/shop.gpg"
    static let secret = "wJalrXUtnFEMI/K7MDENG/theSecretOfTheTests"
    static let token = "FwoGZXIvYXdzEtheTokenOfTheTests//////////"

    init(faults: @escaping UploadStore.Faults = { _, _, _ in nil }) async throws {
        keys = try await BackupKeys.shared.value
        store = UploadStore(faults: faults)
        server = try store.server()
        program = try Program()
        program.environment["AWS_ENDPOINT_URL_S3"] = server.url
        program.environment["AWS_REGION"] = "us-east-1"
        program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
        program.environment["AWS_SECRET_ACCESS_KEY"] = Self.secret
        program.environment["AWS_SESSION_TOKEN"] = Self.token
        program.environment["AWS_MAX_ATTEMPTS"] = "3"
        program.environment["BACKUP"] = "\(Places.products)/backup"
        program.environment["RECIPIENT"] = keys.file("curve.asc")
    }

    deinit { server.stop() }

    /// Takes the credentials from a config file with this text, and no more from the environment.
    func configure(_ text: String) throws {
        for name in ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"] {
            program.environment["AWS_\(name)"] = nil
        }
        program.environment["AWS_CONFIG_FILE"] = try program.home.write("config", text)
    }

    /// The words of an upload of a shell's output.
    func words(_ producer: String?, _ options: [String] = [], recipient: String = "curve.asc")
        -> [String]
    {
        ["upload", Self.object, "--recipient", keys.file(recipient), "--part-size", "5MiB"]
            + options + (producer.map { ["--", "/bin/sh", "-c", $0] } ?? [])
    }

    /// Uploads what a shell puts out.
    func upload(
        _ producer: String, _ options: [String] = [], recipient: String = "curve.asc"
    ) async throws -> Command.Outcome {
        try await program.backup(words(producer, options, recipient: recipient))
    }

    /// Runs a script of bash in which `upload` is the program with `options` and further words.
    func script(_ text: String, _ options: [String] = []) async throws -> Command.Outcome {
        let define = "upload() { exec \"$BACKUP\" \"${options[@]}\" \"$@\"; }\n"
        let given = words(nil, options).map { "'\($0)'" }.joined(separator: " ")
        return try await program.run("/bin/bash", ["-c", "options=(\(given))\n" + define + text])
    }

    /// Whether neither an object nor an upload is there.
    var holdsNothing: Bool { store.objects.isEmpty && store.openUploads.isEmpty }
}

extension UploadRig: CustomReflectable {
    /// A test that fails tells what is stored, not each of its bytes: that would take minutes.
    var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "objects": store.objects.map(\.version), "uploads": store.openUploads,
                "requests": store.events.map { "\($0.operation) \($0.part ?? 0)" },
            ] as KeyValuePairs<String, Any>)
    }
}

/// 12 MiB of what does not get smaller.
let noise = "head -c 12582912 /dev/urandom"
