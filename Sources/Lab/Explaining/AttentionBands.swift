import Core
import Explain
import Pipeline

extension AttentionBands {
  /// Octaves from 250 Hz up, or groups of 32 coefficients; tenths of the slice's second.
  init(of transform: any SpectralTransform) {
    let values = transform.rowValues
    let edges: [Double] =
      transform.rowUnit == "Hz"
      ? [0, 250, 500, 1000, 2000, 4000, .infinity] : stride(from: 0.0, through: 224, by: 32).map { $0 }
    var names: [String] = [], rows: [Range<Int>] = []
    for (low, high) in zip(edges, edges.dropFirst()) {
      let first = values.firstIndex { $0 >= low } ?? values.count,
        end = values.firstIndex { $0 >= high } ?? values.count
      guard first < end else { continue }
      rows.append(first..<end)
      let unit = transform.rowUnit == "Hz" ? " Hz" : ""
      names.append(
        high.isFinite ? "\(Ticks.short(low))–\(Ticks.short(high))\(unit)" : "from \(Ticks.short(low))\(unit)")
    }
    let tenths = (0..<10).map { ($0 * Geometry.side / 10)..<(($0 + 1) * Geometry.side / 10) }
    self.init(
      names: names, rows: rows,
      intervalNames: (0..<10).map { "\(Numbers.fixed(Double($0) / 10, 1))–\(Numbers.fixed(Double($0 + 1) / 10, 1)) s" },
      columns: tenths)
  }

  func profile(_ map: [Float]) -> AttentionProfile {
    AttentionProfile(map, columns: Geometry.side, bands: rows, intervals: columns)
  }

  /// Of many maps, on all threads.
  @Engine func profiles(_ maps: [[Float]]) -> [AttentionProfile] {
    var profiles = [AttentionProfile?](repeating: nil, count: maps.count)
    profiles.withUnsafeMutableBufferPointer { buffer in
      Parallel.forEach(maps.count) { range in
        for index in range { buffer[index] = profile(maps[index]) }
      }
    }
    return profiles.compactMap(\.self)
  }
}
