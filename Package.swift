// swift-tools-version: 6.2
import PackageDescription

/// The one list of settings that every Swift target of ours is built with.
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

func library(_ name: String, in folder: String? = nil) -> Target {
  .systemLibrary(name: name, path: "Sources/CLibs/\(folder ?? name)")
}

let package = Package(
  name: "quaver",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    library("BLAS"),
    library("OpenMP"),
    library("FFTW"),
    library("SndFile"),
    library("Soxr"),
    library("Ncurses"),
    library("Cairo"),
    .target(
      name: "Kernels", path: "Sources/CLibs/Kernels",
      cSettings: [
        .unsafeFlags(["-O3", "-ffp-contract=fast", "-fno-math-errno", "-mprefer-vector-width=512", "-Wno-psabi"])
      ]),
    .target(name: "OneDNN", path: "Sources/CLibs/OneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "TerminalGuard", path: "Sources/CLibs/TerminalGuard"),
    .target(name: "Core", dependencies: ["OpenMP", "Kernels"], swiftSettings: strict),
    .target(
      name: "Pipeline", dependencies: ["Core", "Kernels", "FFTW", "SndFile", "Soxr"], swiftSettings: strict),
    .target(name: "NN", dependencies: ["Core", "Kernels", "OneDNN"], swiftSettings: strict),
    .target(name: "Attacks", dependencies: ["Core", "Kernels", "NN"], swiftSettings: strict),
    .target(name: "Explain", dependencies: ["Core", "Kernels", "BLAS", "NN"], swiftSettings: strict),
    .target(name: "Export", dependencies: ["Core", "Pipeline", "Cairo"], swiftSettings: strict),
    .target(
      name: "Lab",
      dependencies: [
        "Core", "Kernels", "Pipeline", "NN", "Attacks", "Explain", "Export", "Weights",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .target(
      name: "TUI",
      dependencies: ["Attacks", "Core", "Export", "Lab", "Pipeline", "Ncurses", "TerminalGuard"],
      swiftSettings: strict),
    .executableTarget(
      name: "quaver",
      dependencies: [
        "Core", "Kernels", "Pipeline", "NN", "Attacks", "Explain", "Export", "Weights", "Lab", "TUI",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "attack-images",
      dependencies: ["Core", "NN", "Attacks", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),
    .executableTarget(
      name: "count-allocations",
      dependencies: [
        "AllocationCounter", "Core", "NN", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .target(name: "Weights", dependencies: ["Core"], swiftSettings: strict),
    .target(name: "WeightsFuzzing", dependencies: ["Core", "Weights"], swiftSettings: strict),
    .executableTarget(
      name: "fuzz-weights",
      dependencies: ["Core", "WeightsFuzzing", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),
    .testTarget(
      name: "WeightsTests", dependencies: ["Core", "Weights", "WeightsFuzzing"], exclude: ["Goldens", "NameGoldens"],
      swiftSettings: strict),
    .testTarget(name: "CoreTests", dependencies: ["Core"], swiftSettings: strict),
    .testTarget(name: "PipelineTests", dependencies: ["Pipeline", "SndFile"], swiftSettings: strict),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(
      name: "NNTests", dependencies: ["NN", "Kernels", "AllocationCounter"], exclude: ["Goldens"], swiftSettings: strict
    ),
    .testTarget(name: "AttacksTests", dependencies: ["Attacks", "NN", "AllocationCounter"], swiftSettings: strict),
    .testTarget(name: "ExplainTests", dependencies: ["Explain", "NN"], exclude: ["Goldens"], swiftSettings: strict),
    .testTarget(name: "ExportTests", dependencies: ["Export"], swiftSettings: strict),
    .testTarget(
      name: "LabTests", dependencies: ["Core", "Lab", "NN", "Pipeline", "Attacks", "Explain", "Export", "Weights"],
      swiftSettings: strict),
    .testTarget(
      name: "TUITests", dependencies: ["Attacks", "Core", "Export", "Lab", "Pipeline", "TUI"], exclude: ["Goldens"],
      swiftSettings: strict),
  ]
)
