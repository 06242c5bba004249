import Core
import Foundation
import Synchronization

/// The constant tables of the CQT, computed once in float64.
enum CQTKernels {
  static let binsPerOctave = 32
  private static let octaveCount = Geometry.rows / binsPerOctave
  /// α = (2^(1/16) − 1)/(2^(1/16) + 1); Q = 1/α.
  private static let quality = (pow(2, 1.0 / 16) + 1) / (pow(2, 1.0 / 16) - 1)
  /// Share of a row's Σ|·| that its dropped entries may hold together.
  private static let sparsity = 0.01

  /// Hz of a row: C1 = 440·2^(−45/12), not rounded.
  static func frequency(_ row: Int) -> Double {
    440 * pow(2, -45.0 / 12) * pow(2, Double(row) / Double(binsPerOctave))
  }

  /// One octave's tables. `bins` STFT bins from `firstBin` (a multiple of 8) cover every kept kernel entry.
  struct Octave: Sendable {
    let firstRow: Int
    /// Samples between frames at the octave's rate.
    let hop: Int
    /// Points of a frame.
    let size: Int
    let firstBin: Int
    let bins: Int
    /// exp(−2πi·bin·r/size) for r < hop: [hop][2·bins], cosines, then negative sines.
    let waves: [Float]
    /// exp(2πi·bin·hop/size): cosines, then sines.
    let turn: [Double]
    /// Maps [re | im] of the STFT bins to [re | im] of 32 rows: [2·bins][64].
    let kernels: [Float]
  }

  private static let cache = Mutex<[Octave]?>(nil)

  /// Highest octave first.
  ///
  /// - Throws: `CoreError.outOfMemory`.
  static func octaves() throws -> [Octave] {
    try cache.withLock { cache in
      if let octaves = cache { return octaves }
      let octaves = try (0..<octaveCount).reversed().map(octave)
      cache = octaves
      return octaves
    }
  }

  private static func octave(_ index: Int) throws -> Octave {
    let halved = index < octaveCount - 1, firstRow = index * binsPerOctave
    let rate = Double(Audio.pipelineRate) / (halved ? 2 : 1), hop = Geometry.hop / (halved ? 2 : 1)
    let size = 1 << Int(log2(quality * rate / frequency(firstRow)).rounded(.up))
    let rows = try (firstRow..<(firstRow + binsPerOctave)).map { row in
      // √2 twice where halved: once for the signal, which librosa scales to keep its energy, once for the kernel.
      let scale = (halved ? 2 : 1) / (quality * Double(Audio.pipelineRate) / frequency(row)).squareRoot()
      return try sparseRow(frequency: frequency(row), rate: rate, size: size, scale: scale)
    }
    let kept = rows.flatMap { row in row.indices.filter { row[$0] != .zero } }
    let firstBin = kept.min() ?? 0
    let bins = ((kept.max() ?? 0) - firstBin + 8) / 8 * 8
    return Octave(
      firstRow: firstRow, hop: hop, size: size, firstBin: firstBin, bins: bins,
      waves: waves(firstBin, bins, size, hop), turn: turn(firstBin, bins, size, hop),
      kernels: kernels(rows, firstBin, bins))
  }

  /// Bins 0…size/2 of one wavelet's spectrum, small entries dropped.
  private static func sparseRow(frequency: Double, rate: Double, size: Int, scale: Double) throws -> [Complex] {
    let length = quality * rate / frequency
    let start = Int((-length / 2).rounded(.down)), end = Int((length / 2).rounded(.down))
    let window = HannWindow.periodic(end - start)
    // L1 norm: |exp(iφ)·w| sums to Σw.
    let gain = scale * length / Double(size) / window.reduce(0, +)
    var signal = [Complex](repeating: .zero, count: size)
    let left = (size - window.count) / 2
    for (i, weight) in window.enumerated() {
      let turns = frequency * Double(start + i) / rate
      signal[left + i] = Complex(re: gain * weight * cosine(turns), im: gain * weight * sine(turns))
    }
    return sparsified(Array(try FourierTransform.spectrum(of: signal)[0...(size / 2)]))
  }

  /// Drops the smallest entries that together hold less than 1 % of the row's Σ|·|.
  private static func sparsified(_ row: [Complex]) -> [Complex] {
    let magnitudes = row.map(\.magnitude)
    let limit = sparsity * magnitudes.reduce(0, +)
    var sum = 0.0
    let threshold = magnitudes.sorted().first { magnitude in
      sum += magnitude
      return sum >= limit
    }
    return zip(row, magnitudes).map { $1 >= threshold ?? 0 ? $0 : .zero }
  }

  private static func waves(_ firstBin: Int, _ bins: Int, _ size: Int, _ hop: Int) -> [Float] {
    (0..<hop).flatMap { r in
      let turns = (0..<bins).map { Double((firstBin + $0) * r % size) / Double(size) }
      return turns.map { Float(cosine($0)) } + turns.map { Float(-sine($0)) }
    }
  }

  private static func turn(_ firstBin: Int, _ bins: Int, _ size: Int, _ hop: Int) -> [Double] {
    let turns = (0..<bins).map { Double((firstBin + $0) * hop % size) / Double(size) }
    return turns.map(cosine) + turns.map(sine)
  }

  private static func kernels(_ rows: [[Complex]], _ firstBin: Int, _ bins: Int) -> [Float] {
    let columns = 2 * binsPerOctave
    var table = [Float](repeating: 0, count: 2 * bins * columns)
    for (k, row) in rows.enumerated() {
      for bin in 0..<bins where firstBin + bin < row.count {
        let entry = row[firstBin + bin]
        table[bin * columns + k] = Float(entry.re)
        table[bin * columns + binsPerOctave + k] = Float(entry.im)
        table[(bins + bin) * columns + k] = Float(-entry.im)
        table[(bins + bin) * columns + binsPerOctave + k] = Float(entry.re)
      }
    }
    return table
  }
}
