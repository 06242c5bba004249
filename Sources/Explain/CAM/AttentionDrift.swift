/// How far a network's attention moved between two maps of one image.
package struct AttentionDrift: Codable, Sendable, Equatable {
  /// Spearman's rank correlation over all pixels, ties by their mean rank; nil where one of the maps is constant, for
  /// which no ranks exist.
  package let rankCorrelation: Double?
  /// Intersection over union of the two maps' top fifths; nil where one of the maps is constant and has none.
  package let overlap: Double?
  /// Shares of each map's energy by frequency and by time.
  package let before: EnergyShares
  package let after: EnergyShares

  /// Half the summed difference of the shares by frequency, 0 … 1: the energy that would have to change its band;
  /// nil where one of the maps is blank and has none.
  package var frequencyShift: Double? { shift(\.frequency) }
  package var timeShift: Double? { shift(\.time) }

  package init(from before: AttentionProfile, to after: AttentionProfile) {
    rankCorrelation = Ranks.correlation(before.ranks, after.ranks)
    overlap = Self.overlap(before.top, after.top)
    (self.before, self.after) = (before.shares, after.shares)
  }

  private func shift(_ shares: KeyPath<EnergyShares, [Double]>) -> Double? {
    guard !before.isBlank, !after.isBlank else { return nil }
    return EnergyShares.distance(before[keyPath: shares], after[keyPath: shares])
  }

  private static func overlap(_ a: [Bool], _ b: [Bool]) -> Double? {
    guard a.contains(true), b.contains(true) else { return nil }
    var both = 0, either = 0
    for (x, y) in zip(a, b) {
      both += x && y ? 1 : 0
      either += x || y ? 1 : 0
    }
    return Double(both) / Double(either)
  }
}

/// What a map is compared by; made once where one map is compared with many.
package struct AttentionProfile: Sendable, Equatable {
  /// Which pixels are at least as large as the fifth that is largest, and larger than the smallest of all: a map that is 0
  /// over more than four fifths has a smaller top, and a constant map none.
  package let top: [Bool]
  package let shares: EnergyShares
  let ranks: Ranks

  /// Share of the pixels that count as a map's top.
  package static let topShare = 0.2

  /// - Parameters:
  ///   - map: finite values, row-major, row 0 the lowest frequency.
  ///   - bands: rows of each frequency band.
  ///   - intervals: columns of each stretch of time.
  package init(_ map: [Float], columns: Int, bands: [Range<Int>], intervals: [Range<Int>]) {
    let sorted = Ranks.Order(map), count = Int((Double(map.count) * Self.topShare).rounded())
    ranks = Ranks(sorted)
    shares = EnergyShares(map, columns: columns, bands: bands, intervals: intervals)
    guard count > 0, let low = sorted.values.first else {
      top = map.map { _ in false }
      return
    }
    let threshold = sorted.values[map.count - count]
    top = map.map { $0 >= threshold && $0 > low }
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

  package var isBlank: Bool { (frequency + time).allSatisfy { $0 == 0 } }

  static func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / 2 }
}

/// Ranks of a list's values less their mean: equal values share the mean of their ranks.
struct Ranks: Sendable, Equatable {
  /// The values in ascending order, and where each came from.
  struct Order {
    let values: [Float]
    let places: [Int]

    /// Sorts words that hold a value's bits, in an order that is the values' own, above its place.
    init(_ list: [Float]) {
      var keys = list.enumerated().map { place, value -> UInt64 in
        let bits = (value == 0 ? Float(0) : value).bitPattern
        return UInt64(bits >> 31 == 0 ? bits | 1 << 31 : ~bits) << 32 | UInt64(place)
      }
      keys.sort()
      places = keys.map { Int($0 & 0xFFFF_FFFF) }
      values = places.map { list[$0] }
    }
  }

  let centred: [Double]
  /// Sum of squares; 0 for a constant list.
  let spread: Double

  init(_ order: Order) {
    let count = order.values.count, mean = Double(count + 1) / 2
    var centred = [Double](repeating: 0, count: count), spread = 0.0
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, order.values[end] == order.values[start] { end += 1 }
      let rank = Double(start + end + 1) / 2 - mean
      for index in start..<end { centred[order.places[index]] = rank }
      spread += rank * rank * Double(end - start)
      start = end
    }
    (self.centred, self.spread) = (centred, spread)
  }

  /// Spearman's ρ; nil where one of the lists is constant.
  static func correlation(_ a: Ranks, _ b: Ranks) -> Double? {
    precondition(a.centred.count == b.centred.count, "maps of \(a.centred.count) and \(b.centred.count) pixels")
    guard a.spread > 0, b.spread > 0 else { return nil }
    var product = 0.0
    for index in a.centred.indices { product += a.centred[index] * b.centred[index] }
    return product / (a.spread * b.spread).squareRoot()
  }
}
