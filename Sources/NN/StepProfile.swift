import Core

/// What one step of a plan cost since the last `resetProfile`.
package struct StepProfile: Sendable {
  package let name: String
  package let kind: String
  package let kernels: [String]
  package let forward: Pass
  package let backward: Pass

  /// One pass of the batch: floating-point operations, the bytes that must be moved at least (inputs, outputs, what is kept,
  /// parameters and gradients, each once), and the time.
  package struct Pass: Sendable {
    package let flops: Int
    package let bytes: Int
    package let nanoseconds: UInt64
  }
}

extension StepProfile {
  /// Of lanes, which run side by side, the work of all and the mean time.
  init(lanes: [StepProfile]) {
    func joined(_ passes: [Pass]) -> Pass {
      Pass(
        flops: passes.reduce(0) { $0 + $1.flops }, bytes: passes.reduce(0) { $0 + $1.bytes },
        nanoseconds: passes.reduce(0) { $0 + $1.nanoseconds } / UInt64(passes.count))
    }
    (name, kind) = (lanes[0].name, lanes[0].kind)
    kernels = lanes.dropFirst().reduce(lanes[0].kernels) { known, lane in
      known + lane.kernels.filter { !known.contains($0) }
    }
    (forward, backward) = (joined(lanes.map(\.forward)), joined(lanes.map(\.backward)))
  }

  /// The packing of weights that changed.
  init(packing nanoseconds: UInt64, floats: Int) {
    (name, kind, kernels) = ("packing", "weights", [])
    forward = Pass(flops: 0, bytes: 2 * 4 * floats, nanoseconds: nanoseconds)
    backward = Pass(flops: 0, bytes: 0, nanoseconds: 0)
  }
}

extension Plan {
  package func resetProfile() {
    packingTime = 0
    for section in sections { section.resetProfile() }
  }

  /// Step by step; of lanes, which run side by side, the work of all and the mean time.
  package var profile: [StepProfile] {
    let rows = lanes.enumerated().map { $1.profile(countsParameters: $0 == 0) }
    let steps = rows[0].indices.map { step in StepProfile(lanes: rows.map { $0[step] }) }
    let packing = packingTime > 0 ? [StepProfile(packing: packingTime, floats: packs.floats)] : []
    return packing + steps + (head?.profile(countsParameters: true) ?? [])
  }
}
