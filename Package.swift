// swift-tools-version: 6.2
import PackageDescription

/// The one list of settings that every Swift target of ours is built with.
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

func library(_ name: String, in folder: String? = nil) -> Target {
  .systemLibrary(name: name, path: "Sources/CLibs/\(folder ?? name)")
}

let package = Package(
  name: "quaver",
  targets: [
    library("OpenMP"),
    .target(
      name: "Kernels", path: "Sources/CLibs/Kernels",
      cSettings: [
        .unsafeFlags(["-O3", "-ffp-contract=fast", "-fno-math-errno", "-mprefer-vector-width=512", "-Wno-psabi"])
      ]),
    .target(name: "Core", dependencies: ["OpenMP", "Kernels"], swiftSettings: strict),
    .target(name: "OneDNN", path: "Sources/CLibs/OneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "NN", dependencies: ["Core", "Kernels", "OneDNN"], swiftSettings: strict),
    .target(name: "Lab", dependencies: ["Core"], swiftSettings: strict),
    .testTarget(name: "CoreTests", dependencies: ["Core"], swiftSettings: strict),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(name: "NNTests", dependencies: ["NN", "AllocationCounter"], swiftSettings: strict),
  ]
)
