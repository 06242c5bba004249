import Foundation
import NN

/// Where the time of one demand goes, layer by layer: of a step.
package struct LayerProfile: Codable, Sendable, Equatable {
  package struct Row: Codable, Sendable, Equatable {
    package let layer: String
    package let kind: String
    /// Milliseconds a step.
    package var forward: Double
    package var backward: Double
    /// Floating-point operations of both passes.
    package var flops: Int
    /// Bytes that both passes must move at least.
    package var bytes: Int
    package var kernels: [String]

    package var milliseconds: Double { forward + backward }
    package var flopsASecond: Double { milliseconds > 0 ? Double(flops) / milliseconds * 1e3 : 0 }
    package var bytesASecond: Double { milliseconds > 0 ? Double(bytes) / milliseconds * 1e3 : 0 }
  }

  package let network: String
  package let demand: String
  package let batch: Int
  package let threads: Int
  /// Threads that take images of their own through the layers; a layer's time is then their mean.
  package let lanes: Int
  package let steps: Int
  package let imagesPerSecond: Double
  /// Operations a second of the matrix product that shares refer to.
  package let matrixPeak: Double
  package var rows: [Row]

  package init(_ profile: EngineProfile, matrixPeak: Double) {
    (network, batch) = (profile.network, profile.batch)
    demand = BenchTask.name(profile.work, profile.precision)
    (threads, lanes) = (profile.threads, profile.lanes)
    (steps, imagesPerSecond) = (profile.steps, profile.imagesPerSecond)
    self.matrixPeak = matrixPeak
    let scale = 1 / Double(profile.steps) / 1e6
    rows = profile.layers.map { layer in
      Row(
        layer: layer.name, kind: layer.kind, forward: Double(layer.forward.nanoseconds) * scale,
        backward: Double(layer.backward.nanoseconds) * scale, flops: layer.forward.flops + layer.backward.flops,
        bytes: layer.forward.bytes + layer.backward.bytes, kernels: layer.kernels)
    }
    if profile.trainedParameters > 0 {
      // Reads parameter, gradient and two moments, writes all but the gradient; some 12 operations each.
      rows.append(
        Row(
          layer: "adam", kind: "optimiser", forward: 0, backward: Double(profile.optimiserNanoseconds) * scale,
          flops: 12 * profile.trainedParameters, bytes: 7 * 4 * profile.trainedParameters, kernels: []))
    }
  }

  /// Layers of one kind as one row, the slowest first.
  package var byKind: LayerProfile {
    var sums: [Row] = []
    for row in rows {
      guard let index = sums.firstIndex(where: { $0.kind == row.kind }) else {
        sums.append(
          Row(
            layer: "all", kind: row.kind, forward: row.forward, backward: row.backward, flops: row.flops,
            bytes: row.bytes, kernels: row.kernels))
        continue
      }
      sums[index].forward += row.forward
      sums[index].backward += row.backward
      sums[index].flops += row.flops
      sums[index].bytes += row.bytes
      for kernel in row.kernels where !sums[index].kernels.contains(kernel) { sums[index].kernels.append(kernel) }
    }
    var profile = self
    profile.rows = sums.sorted { $0.milliseconds > $1.milliseconds }
    return profile
  }

  package var table: ResultTable {
    let columns = [
      "layer", "kind", "forward ms", "backward ms", "% of time", "GFLOP", "MB", "GFLOP/s", "% of peak", "GB/s",
      "kernels",
    ]
    let total = rows.reduce(0) { $0 + $1.milliseconds }
    var table = ResultTable(
      title: "\(network), \(demand), batch \(batch), \(threads) threads: \(TextNumber.one(total)) ms a step, "
        + "\(TextNumber.one(imagesPerSecond)) images/s",
      columns: columns.map { .init($0) })
    for row in rows {
      table.rows.append([
        .text(row.layer), .text(row.kind), .number(row.forward, decimals: 2), .number(row.backward, decimals: 2),
        .number(total > 0 ? row.milliseconds / total * 100 : 0, decimals: 1),
        .number(Double(row.flops) / 1e9, decimals: 2), .number(Double(row.bytes) / 1e6, decimals: 1),
        .number(row.flopsASecond / 1e9, decimals: 1), .number(row.flopsASecond / matrixPeak * 100, decimals: 0),
        .number(row.bytesASecond / 1e9, decimals: 1), .text(row.kernels.joined(separator: " ")),
      ])
    }
    let flops = rows.reduce(0) { $0 + $1.flops }
    table.notes = [
      "\(steps) steps; all layers together reach \(TextNumber.one(total > 0 ? Double(flops) / total / 1e6 : 0)) GFLOP/s, "
        + "a matrix product \(TextNumber.one(matrixPeak / 1e9))"
    ]
    if lanes > 1 { table.notes.append("each thread takes images of its own through the layers; times are their mean") }
    return table
  }
}

private enum TextNumber {
  static func one(_ value: Double) -> String { String(format: "%.1f", value) }
}
