// swift-tools-version: 6.2

import PackageDescription

let languageSettings: [SwiftSetting] = [
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0480-swiftpm-warning-control.md
    .treatAllWarnings(as: .error),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let inMemoryLog: Target.Dependency = .product(name: "InMemoryLogging", package: "swift-log")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// A target of the house (README, "The house"): `name` is its folder in `Sources`.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: languageSettings)
}

/// A program of the house.
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: languageSettings)
}

/// The tests of a room: `<room>Tests` in `Tests`.
func tests(of room: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(room)Tests",
        dependencies: [.target(name: room)] + dependencies,
        exclude: exclude,
        swiftSettings: languageSettings
    )
}

/// What the tests of several rooms share: a fake clock, a fake HTTP client, JSON as a value, a Python to compare with.
let testSupport = Target.target(
    name: "TestSupport",
    dependencies: ["HTTPTransport", "Support", "Telemetry", log, inMemoryLog],
    path: "Tests/TestSupport",
    swiftSettings: languageSettings
)

/// A C library of the system, as a module.
func library(_ name: String, pkgConfig: String?, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "qualys-lambda-scanner",
    products: [
        .executable(name: "bootstrap", targets: ["bootstrap"]),
        .executable(name: "qualysctl", targets: ["qualysctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        // Without its Foundation trait, which would link ICU into `bootstrap`.
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
        // The paths and descriptors in swift-subprocess's calls.
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        library("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        // The static one (module.modulemap): Debian's shared one does not load on Lambda's glibc. pkg-config would add that.
        library("CExpat", pkgConfig: nil, apt: "libexpat1-dev"),
        // Static too: the package for Lambda needs no further library.
        library("CSQLite", pkgConfig: nil, apt: "libsqlite3-dev"),
        // Not imported: `bootstrap` links it to start on Lambda's glibc.
        .target(name: "CLambdaCompat"),

        room("Support"),
        testSupport,
        room("Hashing", ["CCrypto", "Support"]),
        tests(of: "Hashing", ["Support"]),
        room("Files", ["Hashing", "Support"]),
        tests(of: "Files", ["Hashing", "Support", "TestSupport"]),
        room("Compression", ["CZlib", "Support"]),
        tests(of: "Compression", ["Hashing", "Support", "TestSupport"], exclude: ["gzip_peer.py"]),
        room("JSONStream", ["Support"]),
        tests(of: "JSONStream", ["Support", "TestSupport"], exclude: ["float_vectors.py", "json_vectors.py"]),
        room("XMLStream", ["CExpat", "Support"]),
        tests(of: "XMLStream", ["TestSupport"], exclude: ["xml_vectors.py"]),
        room("SQLite", ["CSQLite", "Support"]),
        tests(of: "SQLite", ["Support", "TestSupport"], exclude: ["sqlite_peer.py"]),
        room("Telemetry", ["Support", log]),
        tests(of: "Telemetry", ["Support", "TestSupport", log]),
        room("HTTPTransport", ["CCurl", "Support"]),
        tests(of: "HTTPTransport", ["Support"]),
        room("AWSSigning", ["Hashing", "Support"]),
        tests(of: "AWSSigning", ["Hashing", "Support"], exclude: ["botocore_vectors.py"]),
        room(
            "AWSClients",
            ["AWSSigning", "Files", "HTTPTransport", "Hashing", "JSONStream", "Support", "Telemetry", "XMLStream", log]
        ),
        tests(
            of: "AWSClients",
            ["AWSSigning", "HTTPTransport", "Hashing", "Support", "Telemetry", "TestSupport", log]
        ),
        room("LambdaRuntime", ["HTTPTransport", "Support", log]),
        tests(of: "LambdaRuntime", ["HTTPTransport", "Support", "TestSupport", log, inMemoryLog]),
        room("QScanner", ["Files", "JSONStream", "Support", subprocess, system]),
        room("QualysAPI", ["Compression", "HTTPTransport", "Hashing", "JSONStream", "Support", "Telemetry", log]),
        tests(of: "QualysAPI", ["Compression", "HTTPTransport", "Support", "Telemetry", "TestSupport", log]),
        room("Jobs", ["AWSClients", "Files", "HTTPTransport", "Hashing", "QualysAPI", "Support", "Telemetry", log]),
        tests(
            of: "Jobs",
            [
                "AWSClients", "AWSSigning", "Files", "HTTPTransport", "QualysAPI", "Support", "Telemetry",
                "TestSupport",
                log,
            ]
        ),
        room("WASExport", ["JSONStream", "Jobs", "QualysAPI", "Support", "Telemetry", log]),
        tests(of: "WASExport", ["HTTPTransport", "Jobs", "QualysAPI", "Support", "Telemetry", "TestSupport", log]),
        room(
            "CARImport",
            [
                "Compression", "Files", "HTTPTransport", "JSONStream", "Jobs", "QualysAPI", "SQLite", "Support",
                "Telemetry", "XMLStream", log,
            ]
        ),
        tests(
            of: "CARImport",
            [
                "Compression", "HTTPTransport", "JSONStream", "Jobs", "QualysAPI", "SQLite", "Support", "Telemetry",
                "TestSupport", "XMLStream", log,
            ],
            exclude: ["texts_peer.py"]
        ),
        room(
            "WASSnapshot",
            [
                "Compression", "Files", "HTTPTransport", "Hashing", "JSONStream", "Jobs", "QualysAPI", "SQLite",
                "Support",
                "Telemetry", "XMLStream", log,
            ]
        ),
        tests(
            of: "WASSnapshot",
            [
                "AWSClients", "Compression", "Files", "HTTPTransport", "JSONStream", "Jobs", "QualysAPI", "SQLite",
                "Support",
                "Telemetry", "TestSupport", "XMLStream",
            ],
            exclude: ["reference_rows.py"]
        ),
        room(
            "HostDetections",
            [
                "Compression", "Files", "HTTPTransport", "Hashing", "JSONStream", "Jobs", "QualysAPI", "SQLite",
                "Support",
                "Telemetry", "XMLStream", log,
            ]
        ),
        tests(
            of: "HostDetections",
            [
                "Compression", "HTTPTransport", "Jobs", "QualysAPI", "Support", "Telemetry", "TestSupport", "XMLStream",
                log,
            ],
            exclude: ["expat_rows.py"]
        ),
        room(
            "FunctionScan",
            [
                "AWSClients", "Files", "HTTPTransport", "Hashing", "JSONStream", "QScanner", "QualysAPI", "Support",
                "Telemetry", log,
            ]
        ),
        tests(
            of: "FunctionScan",
            [
                "AWSClients", "AWSSigning", "HTTPTransport", "Hashing", "JSONStream", "QScanner", "QualysAPI",
                "Support",
                "Telemetry", "TestSupport", log, inMemoryLog,
            ]
        ),
        room(
            "Application",
            [
                "AWSClients", "CARImport", "FunctionScan", "HTTPTransport", "HostDetections", "JSONStream", "Jobs",
                "LambdaRuntime",
                "QScanner",
                "QualysAPI", "Support", "Telemetry", "WASExport", "WASSnapshot", log,
            ]
        ),
        tests(
            of: "Application",
            [
                "AWSClients", "FunctionScan", "HTTPTransport", "Jobs", "LambdaRuntime", "QScanner", "QualysAPI",
                "Support", "Telemetry", "TestSupport", log, inMemoryLog,
            ]
        ),
        program("bootstrap", ["Application", "CLambdaCompat", "HTTPTransport", "LambdaRuntime", "Support", log]),
        program(
            "qualysctl",
            [
                "AWSClients", "Application", "CARImport", "Files", "FunctionScan", "HTTPTransport", "HostDetections",
                "Jobs",
                "LambdaRuntime",
                "QualysAPI", "Support", "Telemetry", "WASExport", "WASSnapshot", log, argumentParser,
            ]
        ),

        // For `make bench` alone.
        .executableTarget(
            name: "streambench",
            dependencies: ["HostDetections", "JSONStream", "XMLStream"],
            path: "Tests/Benchmarks/streambench",
            swiftSettings: languageSettings
        ),

        tests(of: "Support"),
        tests(of: "QScanner", ["JSONStream", "Support"]),
    ],
    swiftLanguageModes: [.v6]
)
