// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: Swift 6 mode, warnings are errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// Settings of the targets that import no C library.
let pure: [SwiftSetting] = strict + [.strictMemorySafety()]

let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "s3prune",
    products: [
        .executable(name: "s3prune", targets: ["s3prune"]),
        .executable(name: "backup", targets: ["backup"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries, as Debian ships them.
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(
            name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CGPGME", pkgConfig: "gpgme", providers: [.apt(["libgpgme-dev"])]),
        .systemLibrary(name: "CProcess"),

        // What both programs say to people, and how they end.
        .target(name: "Console", swiftSettings: strict),

        // Threads that work side by side, and what they share.
        .target(name: "Threads", swiftSettings: strict),

        // Walls: what a target may import is its line here.
        .target(name: "CivilTime", swiftSettings: pure),
        .target(name: "Retention", dependencies: ["CivilTime"], swiftSettings: pure),
        .target(
            name: "PolicyFile",
            dependencies: [
                "CivilTime", "Console", "Retention", .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .target(
            name: "S3", dependencies: ["CivilTime", "CProcess", "CCurl", "CLibXML2", "CLibCrypto"],
            swiftSettings: strict),
        .target(name: "Gzip", dependencies: ["CZlib", "CDeflate", "CZstd"], swiftSettings: strict),
        .target(
            name: "OpenPGP", dependencies: ["CGPGME", "CivilTime", "CProcess"],
            swiftSettings: strict),
        .target(
            name: "Pruning",
            dependencies: [
                "Threads", "CivilTime", "Console", "Gzip", "Retention", "PolicyFile", "S3",
            ],
            swiftSettings: strict),
        .target(
            name: "BackupPipeline",
            dependencies: [
                "CProcess", "CivilTime", "Console", "Gzip", "OpenPGP", "S3", "Threads",
            ],
            swiftSettings: strict),
        // What both programs share of their command lines: connection, errors, signals.
        .target(
            name: "Invocation",
            dependencies: ["CProcess", "CivilTime", "Console", "S3", arguments],
            swiftSettings: strict),
        .executableTarget(
            name: "s3prune",
            dependencies: [
                "CivilTime", "Console", "Invocation", "Retention", "PolicyFile", "Pruning", "S3",
                arguments,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "backup",
            dependencies: [
                "BackupPipeline", "CivilTime", "Console", "Gzip", "Invocation", "OpenPGP", "S3",
                arguments,
            ],
            swiftSettings: strict),

        // Tests: one target a module; FaultServer is a scripted HTTP server they share.
        .target(name: "FaultServer", path: "Tests/FaultServer", swiftSettings: strict),
        // Random histories from seeds, and the search for the smallest that breaks a promise.
        .target(name: "Properties", path: "Tests/Properties", swiftSettings: strict),
        .testTarget(
            name: "CivilTimeTests", dependencies: ["CivilTime", "PolicyFile"], swiftSettings: strict
        ),
        .testTarget(
            name: "RetentionTests",
            dependencies: ["CivilTime", "Properties", "Retention", "PolicyFile"],
            swiftSettings: strict),
        .testTarget(
            name: "PolicyFileTests", dependencies: ["CivilTime", "Retention", "PolicyFile"],
            swiftSettings: strict),
        .testTarget(
            name: "S3Tests", dependencies: ["CivilTime", "S3", "FaultServer"],
            swiftSettings: strict),
        .testTarget(name: "ConsoleTests", dependencies: ["Console"], swiftSettings: strict),
        .testTarget(name: "GzipTests", dependencies: ["Gzip"], swiftSettings: strict),
        .testTarget(
            name: "OpenPGPTests", dependencies: ["CivilTime", "FaultServer", "OpenPGP"],
            swiftSettings: strict),
        .testTarget(
            name: "PruningTests",
            dependencies: [
                "CivilTime", "Console", "Gzip", "Retention", "PolicyFile", "Properties", "Pruning",
                "S3", "FaultServer",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "BackupPipelineTests",
            dependencies: ["BackupPipeline", "CivilTime", "Gzip", "OpenPGP", "S3", "FaultServer"],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["FaultServer", "Properties", "s3prune", "backup"],
            swiftSettings: strict),
    ]
)

// Fuzzers are built only where they are asked for: scripts/fuzz.
if Context.environment["FUZZ"] != nil {
    package.products.append(.executable(name: "fuzz", targets: ["Fuzz"]))
    package.targets.append(
        .executableTarget(
            name: "Fuzz", dependencies: ["CivilTime", "OpenPGP", "PolicyFile", "Pruning", "S3"],
            path: "Fuzz", sources: ["Fuzz.swift", "Surfaces.swift"],
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
}
