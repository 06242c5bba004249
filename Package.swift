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
    .target(name: "Kernels", path: "Sources/CLibs/Kernels", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=fast"])]),
    .target(name: "Core", dependencies: ["OpenMP", "Kernels"], swiftSettings: strict),
    library("FFTW"),
    library("SndFile"),
    library("Soxr"),
    .target(
      name: "Pipeline", dependencies: ["Core", "Kernels", "FFTW", "SndFile", "Soxr"], swiftSettings: strict),
    .target(name: "Lab", dependencies: ["Core"], swiftSettings: strict),
    .testTarget(name: "CoreTests", dependencies: ["Core"], swiftSettings: strict),
    .testTarget(name: "PipelineTests", dependencies: ["Pipeline", "SndFile"], swiftSettings: strict),
  ]
)
