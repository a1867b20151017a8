// swift-tools-version: 6.2
import PackageDescription

// One line a target. A target may use only targets that stand above it; the kits (ToolRunner, PostgreSQLKit, EngineKit)
// know nothing of drills, and engines and sources never use each other.

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
  .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies + ["DrillTestSupport"], swiftSettings: strict)
}

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")

let package = Package(
  name: "drillmark",
  products: [.executable(name: "drillmark", targets: ["drillmark"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
  ],
  targets: [
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CSystem"),
    module("DrillModel"),
    module("Scheduling", ["DrillModel"]),
    module("Objectives", ["DrillModel"]),
    module("Selecting", ["DrillModel"]),
    module("DrillConfig", ["DrillModel", "Scheduling", "Selecting", yams]),
    module("Digesting", ["DrillModel", "COpenSSL", "CSystem"]),
    module("Manifests", ["DrillModel", "Digesting"]),
    module("ToolRunner", ["DrillModel", "Digesting", "CSystem"]),
    module("HTTPTransport", ["DrillModel", "CCurl"]),
    module("AWSSigning", ["DrillModel", "Digesting"]),
    module("AWSClient", ["DrillModel", "Digesting", "HTTPTransport", "AWSSigning"]),
    module("EngineKit", ["DrillModel", "DrillConfig", "ToolRunner", "Selecting", "CSystem"]),
    module("TreeKit", ["DrillModel", "ToolRunner", "EngineKit", "Manifests", "CSystem"]),
    module("AWSKit", ["DrillModel", "ToolRunner", "HTTPTransport", "AWSClient"]),
    module("PostgreSQLKit", ["DrillModel", "ToolRunner", "EngineKit", "CLibPQ", "CSystem"]),
    module("RepositoryKit", ["DrillModel", "Digesting", "ToolRunner", "EngineKit", "Selecting", "CSystem"]),
    module("MySQLKit", ["DrillModel", "ToolRunner", "EngineKit", "CMariaDB", "CSystem"]),
    module("MySQLReplay", ["DrillModel", "DrillConfig", "Selecting", "ToolRunner", "EngineKit", "MySQLKit"]),
    module(
      "EnginePostgreSQL", ["DrillModel", "DrillConfig", "ToolRunner", "EngineKit", "PostgreSQLKit", "CSystem"],
      path: "Sources/Engines/PostgreSQL"),
    module(
      "EnginePostgreSQLPhysical",
      [
        "DrillModel", "DrillConfig", "ToolRunner", "EngineKit", "TreeKit", "Manifests", "PostgreSQLKit", "RepositoryKit", "Selecting",
        "CSystem",
      ],
      path: "Sources/Engines/PostgreSQLPhysical"),
    module(
      "EngineMySQLPhysical",
      ["DrillModel", "DrillConfig", "ToolRunner", "EngineKit", "Selecting", "TreeKit", "Manifests", "MySQLKit", "MySQLReplay", "CSystem"],
      path: "Sources/Engines/MySQLPhysical"),
    module(
      "EngineRDS",
      ["DrillModel", "DrillConfig", "ToolRunner", "EngineKit", "HTTPTransport", "AWSClient", "AWSKit", "PostgreSQLKit", "MySQLKit"],
      path: "Sources/Engines/RDS"),
    module(
      "EngineEBS", ["DrillModel", "DrillConfig", "ToolRunner", "EngineKit", "HTTPTransport", "AWSClient", "AWSKit", "CSystem"],
      path: "Sources/Engines/EBS"),
    module(
      "EngineMySQL", ["DrillModel", "DrillConfig", "ToolRunner", "EngineKit", "MySQLKit", "MySQLReplay"], path: "Sources/Engines/MySQL"),
    module(
      "EngineSQLite", ["DrillModel", "DrillConfig", "Digesting", "ToolRunner", "EngineKit", "CSQLite"], path: "Sources/Engines/SQLite"),
    module(
      "EngineRedis", ["DrillModel", "DrillConfig", "Digesting", "Manifests", "ToolRunner", "EngineKit", "TreeKit", "CSystem"],
      path: "Sources/Engines/Redis"),
    module(
      "EngineEtcd", ["DrillModel", "DrillConfig", "Digesting", "Selecting", "ToolRunner", "EngineKit", "CZlib"],
      path: "Sources/Engines/Etcd"),
    module("EngineFiles", ["DrillModel", "DrillConfig", "ToolRunner", "EngineKit", "TreeKit", "Manifests"], path: "Sources/Engines/Files"),
    module(
      "SourceDirectory", ["DrillModel", "DrillConfig", "EngineKit", "ToolRunner", "Selecting", "CSystem"], path: "Sources/Sources/Directory"
    ),
    module(
      "SourceS3", ["DrillModel", "DrillConfig", "Digesting", "EngineKit", "ToolRunner", "Selecting", "HTTPTransport", "AWSClient"],
      path: "Sources/Sources/S3"),
    module(
      "SourceRDS", ["DrillModel", "DrillConfig", "EngineKit", "Selecting", "AWSClient", "AWSKit"], path: "Sources/Sources/RDS"),
    module(
      "SourceEBS", ["DrillModel", "DrillConfig", "EngineKit", "Selecting", "AWSClient", "AWSKit"], path: "Sources/Sources/EBS"),
    module(
      "SourceAWSBackup", ["DrillModel", "DrillConfig", "EngineKit", "Selecting", "AWSClient", "AWSKit"],
      path: "Sources/Sources/AWSBackup"),
    module(
      "SourceRepositories", ["DrillModel", "DrillConfig", "EngineKit", "ToolRunner", "RepositoryKit", "Selecting"],
      path: "Sources/Sources/Repositories"),
    module("Checks", ["DrillModel", "DrillConfig", "Digesting", "Manifests", "ToolRunner", "EngineKit"]),
    module(
      "Registry",
      [
        "DrillModel", "DrillConfig", "EngineKit", "ToolRunner", "AWSClient", "EnginePostgreSQL", "EnginePostgreSQLPhysical", "EngineSQLite",
        "EngineFiles", "EngineMySQL", "EngineMySQLPhysical", "EngineRDS", "EngineEBS", "EngineRedis", "EngineEtcd", "SourceDirectory",
        "SourceS3", "SourceRDS", "SourceEBS", "SourceAWSBackup", "SourceRepositories",
        "AWSKit", "Checks",
      ]),
    module("Ledger", ["DrillModel", "Digesting", "CSystem", grdb]),
    module("Reporting", ["DrillModel", "Objectives", "Digesting"]),
    module("Alerting", ["DrillModel", "DrillConfig", "Digesting"]),
    module("Notifications", ["DrillModel", "DrillConfig", "Digesting", "Ledger", "HTTPTransport", "AWSSigning", "AWSClient", "Alerting"]),
    module(
      "Drilling",
      [
        "DrillModel", "DrillConfig", "Objectives", "Selecting", "Scheduling", "Digesting", "ToolRunner", "EngineKit", "Ledger", "Alerting",
        "CSystem",
      ]),
    module("Scheduler", ["DrillModel", "DrillConfig", "Scheduling", "ToolRunner", "EngineKit", "Ledger", "Drilling"]),
    .executableTarget(
      name: "drillmark",
      dependencies: [
        "DrillModel", "DrillConfig", "Scheduling", "Objectives", "Selecting", "Digesting", "ToolRunner", "EngineKit", "Manifests",
        "Registry", "Ledger",
        "Drilling", "Scheduler", "HTTPTransport", "AWSSigning", "AWSClient", "Alerting", "Notifications", "Reporting", "CSystem", "AWSKit",
        argumentParser,
      ], swiftSettings: strict),
    .target(
      name: "DrillTestSupport", dependencies: ["DrillModel", "Selecting", "ToolRunner", "EngineKit", "MySQLKit"],
      path: "Tests/DrillTestSupport",
      swiftSettings: strict),
    tests("DrillModelTests", ["DrillModel"]),
    tests("SchedulingTests", ["Scheduling", "DrillModel"]),
    tests("ObjectivesTests", ["Objectives", "DrillModel"]),
    tests("SelectingTests", ["Selecting", "DrillModel"]),
    tests("DrillConfigTests", ["DrillConfig", "DrillModel", "Scheduling", "Selecting"]),
    tests("DigestingTests", ["Digesting", "CSystem"]),
    tests("ToolRunnerTests", ["ToolRunner", "DrillModel", "CSystem"]),
    tests(
      "EngineTests",
      ["EngineKit", "EnginePostgreSQL", "EngineSQLite", "EngineFiles", "PostgreSQLKit", "DrillModel", "DrillConfig", "ToolRunner"]),
    tests(
      "EngineMySQLTests",
      ["EngineMySQL", "MySQLKit", "MySQLReplay", "Selecting", "EngineKit", "DrillModel", "DrillConfig", "ToolRunner"]),
    tests(
      "EngineMySQLPhysicalTests",
      ["EngineMySQLPhysical", "MySQLKit", "MySQLReplay", "EngineKit", "Selecting", "ToolRunner", "DrillModel", "DrillConfig"]),
    tests("MySQLKitTests", ["MySQLKit", "EngineKit", "DrillModel", "ToolRunner"]),
    tests(
      "EngineRedisTests", ["EngineRedis", "EngineKit", "Digesting", "DrillModel", "DrillConfig", "ToolRunner", "TreeKit"]),
    tests(
      "EnginePostgreSQLPhysicalTests",
      ["EnginePostgreSQLPhysical", "EngineKit", "PostgreSQLKit", "Selecting", "DrillModel", "DrillConfig", "ToolRunner"]),
    tests(
      "EnginePostgreSQLToolsTests",
      [
        "EnginePostgreSQLPhysical", "RepositoryKit", "SourceRepositories", "EngineKit", "Selecting", "DrillModel", "DrillConfig",
        "ToolRunner",
      ]),
    tests(
      "EngineEtcdTests", ["EngineEtcd", "EngineKit", "Selecting", "ToolRunner", "Digesting", "DrillModel", "DrillConfig"]),
    tests(
      "SourceTests",
      [
        "SourceDirectory", "SourceS3", "AWSClient", "HTTPTransport", "Digesting", "EngineKit", "ToolRunner", "Selecting", "DrillModel",
        "DrillConfig",
      ]),
    tests("HTTPTransportTests", ["HTTPTransport", "DrillModel"]),
    tests("AWSTests", ["AWSSigning", "AWSClient", "HTTPTransport", "DrillModel", "Digesting", "ToolRunner"]),
    tests(
      "AWSDrillTests",
      [
        "AWSClient", "AWSKit", "EngineRDS", "EngineEBS", "SourceRDS", "SourceEBS", "SourceAWSBackup", "EngineKit", "PostgreSQLKit",
        "Selecting", "HTTPTransport",
        "ToolRunner",
        "DrillModel", "DrillConfig",
      ]),
    tests("AlertingTests", ["Alerting", "DrillModel", "DrillConfig"]),
    tests("NotificationsTests", ["Notifications", "Alerting", "Ledger", "HTTPTransport", "AWSClient", "DrillModel", "DrillConfig"]),
    tests("SchedulerTests", ["Scheduler", "Scheduling", "Drilling", "EngineKit", "Ledger", "DrillModel", "DrillConfig"]),
    tests("ReportingTests", ["Reporting", "Objectives", "DrillModel"]),
    tests("ManifestsTests", ["Manifests", "DrillModel"]),
    tests("ChecksTests", ["Checks", "Manifests", "Digesting", "EngineKit", "DrillModel", "DrillConfig", "ToolRunner"]),
    tests("LedgerTests", ["Ledger", "DrillModel", "Digesting", grdb]),
    tests(
      "DrillingTests",
      ["Drilling", "DrillModel", "DrillConfig", "EngineKit", "ToolRunner", "Ledger", "Objectives", "Selecting", "AWSClient", "Registry"]),
    tests("CommandTests", ["DrillModel", "DrillConfig", "Registry", "EngineKit"]),
  ],
  swiftLanguageModes: [.v6]
)
