// swift-tools-version: 6.2
import PackageDescription

// A package of its own: nothing that ships depends on it, and it knows Drillmark only as a program.
let package = Package(
  name: "benchmarks",
  targets: [
    .executableTarget(
      name: "benchmark",
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
      ]),
    .testTarget(name: "benchmarkTests", dependencies: ["benchmark"]),
  ],
  swiftLanguageModes: [.v6]
)
