/// How far a network's attention moved between two maps of one image.
package struct AttentionDrift: Codable, Sendable, Equatable {
  /// Spearman's rank correlation over all pixels, ties by their mean rank; nil where one of the maps is constant, for
  /// which no ranks exist.
  package let rankCorrelation: Double?
  /// Intersection over union of the two maps' top fifths (`topPixels`); nil where both maps are constant and have none.
  package let overlap: Double?
  /// Shares of each map's energy by frequency and by time.
  package let before: EnergyShares
  package let after: EnergyShares

  /// Half the summed difference of the shares by frequency, 0 … 1: the energy that would have to change its band.
  package var frequencyShift: Double { EnergyShares.distance(before.frequency, after.frequency) }
  package var timeShift: Double { EnergyShares.distance(before.time, after.time) }

  /// - Parameters:
  ///   - before: a map, row-major, row 0 the lowest frequency.
  ///   - after: another of the same size.
  ///   - bands: rows of each frequency band.
  ///   - intervals: columns of each stretch of time.
  package init(from before: [Float], to after: [Float], columns: Int, bands: [Range<Int>], intervals: [Range<Int>]) {
    precondition(before.count == after.count, "maps of \(before.count) and \(after.count) pixels")
    rankCorrelation = RankCorrelation.spearman(before, after)
    overlap = Self.overlap(Self.topPixels(before), Self.topPixels(after))
    self.before = EnergyShares(before, columns: columns, bands: bands, intervals: intervals)
    self.after = EnergyShares(after, columns: columns, bands: bands, intervals: intervals)
  }

  /// Share of the pixels that count as a map's top.
  package static let topShare = 0.2

  /// Which pixels are at least as large as the fifth that is largest, and larger than the smallest of all: a map that is 0
  /// over more than four fifths has a smaller top, and a constant map none.
  package static func topPixels(_ map: [Float]) -> [Bool] {
    let sorted = map.sorted(by: >), count = Int((Double(map.count) * topShare).rounded())
    guard count > 0, let low = sorted.last else { return map.map { _ in false } }
    let threshold = sorted[count - 1]
    return map.map { $0 >= threshold && $0 > low }
  }

  private static func overlap(_ a: [Bool], _ b: [Bool]) -> Double? {
    var both = 0, either = 0
    for (x, y) in zip(a, b) {
      both += x && y ? 1 : 0
      either += x || y ? 1 : 0
    }
    return either == 0 ? nil : Double(both) / Double(either)
  }
}

/// Where a map's energy lies. Energy is the sum of the map's values, as in the energy-based pointing game (Wang et al. 2020,
/// Score-CAM); shares sum to 1, and to 0 where the map is blank.
package struct EnergyShares: Codable, Sendable, Equatable {
  package let frequency: [Double]
  package let time: [Double]

  init(_ map: [Float], columns: Int, bands: [Range<Int>], intervals: [Range<Int>]) {
    var byRow = [Double](repeating: 0, count: map.count / max(1, columns))
    var byColumn = [Double](repeating: 0, count: columns)
    for row in byRow.indices {
      for column in 0..<columns {
        byRow[row] += Double(map[row * columns + column])
        byColumn[column] += Double(map[row * columns + column])
      }
    }
    let total = byRow.reduce(0, +)
    func shares(_ sums: [Double], _ ranges: [Range<Int>]) -> [Double] {
      ranges.map { total > 0 ? sums[$0.clamped(to: sums.indices)].reduce(0, +) / total : 0 }
    }
    (frequency, time) = (shares(byRow, bands), shares(byColumn, intervals))
  }

  static func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / 2 }
}

package enum RankCorrelation {
  /// Spearman's ρ with mean ranks for ties; nil where one of the lists is constant or shorter than two.
  package static func spearman(_ a: [Float], _ b: [Float]) -> Double? {
    precondition(a.count == b.count, "lists of \(a.count) and \(b.count) values have no correlation")
    let x = ranks(a), y = ranks(b)
    let mean = Double(a.count + 1) / 2
    var xy = 0.0, xx = 0.0, yy = 0.0
    for i in x.indices {
      let dx = x[i] - mean, dy = y[i] - mean
      xy += dx * dy
      xx += dx * dx
      yy += dy * dy
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
  }

  /// 1 for the smallest; equal values share the mean of their ranks.
  static func ranks(_ values: [Float]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
      start = end
    }
    return ranks
  }
}
