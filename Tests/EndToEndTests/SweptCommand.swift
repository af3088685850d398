import FaultServer
import Foundation
import Testing

/// A command that makes requests, as the sweep runs it again and again.
struct SweptCommand: Sendable, CustomTestStringConvertible {
    /// One run: what answers it, and what must hold after it.
    struct Scene: Sendable {
        var program: String
        var words: [String]
        var environment: [String: String]
        var right: FaultServer.Handler
        /// What is wrong with what a run left behind; for a clean run nothing may be.
        var wrongs: @Sendable (_ outcome: Command.Outcome) async throws -> [String]
        /// Lives as long as the run: directories, servers.
        var keeps: [any Sendable] = []
    }

    var testDescription: String
    /// Makes a scene whose server is at a URL; what it asks for before has no faults.
    var scene: @Sendable (_ server: SweepServer) async throws -> Scene

    init(
        _ name: String, _ scene: @escaping @Sendable (_ server: SweepServer) async throws -> Scene
    ) {
        testDescription = name
        self.scene = scene
    }

    static let all = pruning + uploads + reading + settings
}

extension SweptCommand {
    /// A home, its environment and the server of the sweep.
    static func home(_ server: SweepServer) throws -> Program {
        var program = try Program()
        program.environment["AWS_ENDPOINT_URL_S3"] = server.server.url
        program.environment["AWS_REGION"] = "us-east-1"
        program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
        program.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
        program.environment["AWS_MAX_ATTEMPTS"] = "2"
        return program
    }
}

// MARK: s3prune

extension SweptCommand {
    private static let nightly = PruneStore.nightly(keys: 3, versions: 4)
    private static let kept: Set<String> = ["i0-0", "i1-0", "i2-0"]
    private static let policyText = """
        version: 1
        bucket: bkt
        min-age: 0
        min-versions: 1
        keep-oldest: false
        keep: { daily: 1 }
        limits: { max-delete: 100% }
        incomplete-uploads: { abort-after: 3d }
        """

    /// `s3prune` with these words and a policy, against versions of which it keeps one a key.
    private static func prune(
        _ name: String, _ words: [String], versions: [PruneStore.Version] = nightly,
        kept: Set<String> = kept, deletes: Bool,
        whole: @escaping @Sendable (Command.Outcome) -> Bool = { _ in true },
        prepare: @escaping @Sendable (Program, String) async throws -> [String] = { _, policy in
            ["--policy", policy]
        }
    ) -> SweptCommand {
        SweptCommand(name) { server in
            let store = PruneStore(["bkt": versions])
            let program = try home(server)
            let policy = try program.policy(policyText)
            server.play { lockReply($0) ?? store.reply(to: $0) }
            let more = try await prepare(program, policy)
            return Scene(
                program: "s3prune", words: words + more, environment: program.environment,
                right: { lockReply($0) ?? store.reply(to: $0) },
                wrongs: { outcome in
                    let left = Set(store.ids())
                    var wrongs: [String] = []
                    if !left.isSuperset(of: kept) { wrongs.append("deleted what was not planned") }
                    if !deletes, store.deletions > 0 { wrongs.append("deleted without --apply") }
                    if outcome.status == 0, deletes, left != kept {
                        wrongs.append("said done, and left \(left.subtracting(kept).sorted())")
                    }
                    if outcome.status == 0, !whole(outcome) { wrongs.append("0, without a report") }
                    return wrongs
                }, keeps: [program.home])
        }
    }

    /// The answers of a bucket with Object Lock, of which nothing is locked.
    private static func lockReply(_ request: FaultServer.Received) -> FaultServer.Reply? {
        if request.query["object-lock"] != nil {
            return .init(
                text: "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
                    + "</ObjectLockConfiguration>")
        }
        guard request.query["retention"] != nil || request.query["legal-hold"] != nil else {
            return nil
        }
        return .error(404, "NoSuchObjectLockConfiguration")
    }

    private static let pruning = [
        prune(
            "s3prune --dry-run", ["--dry-run", "--format", "json"], deletes: false,
            whole: { $0.text.contains("\"delete\":9") }),
        prune(
            "s3prune --check-locks", ["--check-locks", "--format", "json"], deletes: false,
            whole: { $0.text.contains("\"delete\":9") }),
        prune("s3prune --apply", ["--apply", "--yes", "--concurrency", "1"], deletes: true),
        prune(
            "s3prune apply PLAN", ["apply"], deletes: true,
            prepare: { program, policy in
                let plan = program.home.path("plan.jsonl")
                let made = try await program.s3prune(["--policy", policy, "--plan-out", plan])
                return made.status == 0 ? [plan, "--yes"] : ["no plan: \(made.errorText)"]
            }),
        prune(
            "s3prune explain", ["explain", "s3://bkt/k00001", "--format", "json"], deletes: false,
            whole: { outcome in (0..<4).allSatisfy { outcome.text.contains("i1-\($0)") } }),
        prune(
            "s3prune retire",
            ["retire", "s3://bkt/k00001", "--apply", "--confirm", "k00001"],
            versions: PruneStore.nightly(keys: 3, versions: 4, daysOld: 60),
            kept: Set((0..<4).flatMap { ["i0-\($0)", "i2-\($0)"] }), deletes: true),
        incompleteUploads("s3prune uploads", [], aborts: false),
        incompleteUploads("s3prune uploads --abort", ["--abort", "--yes"], aborts: true),
    ]

    private static func incompleteUploads(
        _ name: String, _ words: [String], aborts: Bool
    ) -> SweptCommand {
        SweptCommand(name) { server in
            let store = IncompleteUploads(old: ["old", "older"], young: ["young"])
            let program = try home(server)
            let policy = try program.policy(policyText)
            return Scene(
                program: "s3prune",
                words: ["uploads", "--policy", policy, "--format", "json"] + words,
                environment: program.environment, right: { store.reply(to: $0) },
                wrongs: { outcome in
                    let left = store.ids
                    var wrongs: [String] = []
                    if !left.contains("young") { wrongs.append("aborted a young upload") }
                    if !aborts, left.count < 3 { wrongs.append("aborted without --abort") }
                    if outcome.status == 0, aborts, left.count > 1 {
                        wrongs.append("said done, and left \(left)")
                    }
                    if outcome.status == 0, !outcome.text.contains("\"type\":\"summary\"") {
                        wrongs.append("0, without a report")
                    }
                    return wrongs
                }, keeps: [program.home])
        }
    }
}

// MARK: backup

extension SweptCommand {
    private static let uploads = [
        upload("backup upload, small", bytes: 40_000),
        upload("backup upload, multipart", bytes: 11 << 20),
    ]

    private static func upload(_ name: String, bytes: Int) -> SweptCommand {
        SweptCommand(name) { server in
            let keys = try await BackupKeys.shared.value
            let store = UploadStore()
            let program = try home(server)
            let content = EndToEnd.RestoreTests.noise(bytes)
            let path = program.home.path("dump")
            try Data(content).write(to: URL(fileURLWithPath: path))
            return Scene(
                program: "backup",
                words: [
                    "upload", "s3://bkt/db/shop.gpg", "--recipient", keys.file("curve.asc"),
                    "--part-size", "5MiB", "--compression", "none", "--", "/bin/cat", path,
                ], environment: program.environment, right: { store.reply(to: $0) },
                wrongs: { outcome in
                    var wrongs: [String] = []
                    for object in store.objects {
                        let read = try await keys.read(object.body, unpacker: "cat")
                        if read.output != content { wrongs.append("half an object") }
                    }
                    let count = store.objects.count
                    let says = outcome.errorText
                    if outcome.status == 0, count == 0 { wrongs.append("0 without an object") }
                    // Whoever may not read cannot know; whoever is told can find out.
                    if count > 1, !says.contains("may be stored twice") || count > 2 {
                        wrongs.append("\(count) objects")
                    }
                    if count > 0, ![0, 5].contains(outcome.status) {
                        wrongs.append("an object, and not a word of it")
                    }
                    let isTold = says.contains("an upload that nobody completes may be left")
                    for id in store.openUploads where !isTold && !says.contains(id) {
                        wrongs.append("left the upload \(id) without a word")
                    }
                    return wrongs
                }, keeps: [program.home])
        }
    }

    private static let reading = [
        restore,
        oneObject("backup list", ["list", "s3://bkt/db/", "--versions", "--format", "json"]) {
            $0.lines.count == 2
        },
        oneObject("backup verify", ["verify", OneObjectServer.url, "--all", "--format", "json"]) {
            $0.lines.count == 2
        },
        oneObject(
            "backup verify --full",
            ["verify", OneObjectServer.url, "--all", "--full", "--format", "json"]
        ) { $0.lines.filter { $0.contains("\"bytes_restored\":300000") }.count == 2 },
    ]

    /// Two versions of one backup.
    private static let stored = Task {
        let pair = try await KeyPair.shared.value
        let plain = EndToEnd.RestoreTests.noise(300_000)
        let content = try await EndToEnd.RestoreTests.message(pair, plain)
        return (pair: pair, plain: plain, content: content)
    }

    private static func oneObject(
        _ name: String, _ words: [String],
        whole: @escaping @Sendable (Command.Outcome) -> Bool
    ) -> SweptCommand {
        SweptCommand(name) { server in
            let (pair, _, content) = try await stored.value
            let object = try OneObjectServer([.init(content: content), .init(content: content)])
            var program = try home(server)
            program.environment["GNUPGHOME"] = pair.home
            return Scene(
                program: "backup", words: words, environment: program.environment,
                right: object.reply,
                wrongs: { $0.status == 0 && !whole($0) ? ["0, without a report"] : [] },
                keeps: [program.home])
        }
    }

    private static var restore: SweptCommand {
        SweptCommand("backup restore") { server in
            let (pair, plain, content) = try await stored.value
            let object = try OneObjectServer([.init(content: content)])
            var program = try home(server)
            program.environment["GNUPGHOME"] = pair.home
            let place = try Scratch()
            return Scene(
                program: "backup",
                words: ["restore", OneObjectServer.url, "-o", place.path("shop.sql")],
                environment: program.environment, right: object.reply,
                wrongs: { outcome in
                    let names = try FileManager.default
                        .contentsOfDirectory(atPath: place.directory)
                    guard outcome.status == 0 else {
                        return names.isEmpty ? [] : ["left \(names)"]
                    }
                    let isWhole = try names == ["shop.sql"] && place.read("shop.sql") == plain
                    return isWhole ? [] : ["0, without the file"]
                }, keeps: [program.home, place])
        }
    }

    private static let settings = [
        SweptCommand("backup setup") { server in
            let store = SettingsStore()
            let program = try home(server)
            return Scene(
                program: "backup", words: ["setup", "s3://bkt"], environment: program.environment,
                right: { store.settingsReply(to: $0) },
                wrongs: { outcome in
                    let isSet = store.exists && store.settings.count == 4
                    return outcome.status == 0 && !isSet ? ["0, and not set up"] : []
                }, keeps: [program.home])
        },
        SweptCommand("backup iam --check") { server in
            let store = SettingsStore()
            let program = try home(server)
            return Scene(
                program: "backup",
                words: ["iam", "uploader", "--bucket", "bkt", "--prefix", "web/", "--check"],
                environment: program.environment, right: { store.uploaderReply(to: $0) },
                wrongs: { outcome in
                    var wrongs: [String] = []
                    if store.deletions > 0 { wrongs.append("deleted something") }
                    if outcome.status == 0, store.objects == 0 { wrongs.append("0, and not tried") }
                    return wrongs
                }, keeps: [program.home])
        },
    ]
}
