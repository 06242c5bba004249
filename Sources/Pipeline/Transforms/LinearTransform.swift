import Core
import Kernels

/// |STFT| with n_fft 446 in dB: 224 bins of 16 000/446 = 35.9 Hz.
///
/// 446 = 2·223 is a poor size for an FFT, and only 255 of a frame's samples meet a non-zero window. A product with the
/// DFT matrix is faster, cut to a quarter by two symmetries: around the frame's centre a real signal splits into an even
/// part (cosines) and an odd part (sines); and since cos(2π(223 − k)m/446) = (−1)^m cos(2πkm/446), even and odd m taken
/// apart give bins k and 223 − k by their sum and difference.
struct LinearTransform: SpectralTransform {
  let name = "linear"
  let title = "linear spectrogram"
  let version = 1
  let rowUnit = "Hz"
  let valueUnit = "dB"
  var rowValues: [Double] { (0..<Geometry.rows).map { Double($0 * Audio.pipelineRate) / 446 } }

  func makeWorker() throws -> any SpectralWorker { try LinearWorker() }
}

private final class LinearWorker: SpectralWorker {
  /// Samples on each side of a frame's centre, and pairs of bins.
  private static let half = 128, pairs = 112
  /// cos and sin of 2πkm/446 for even and for odd m, each [64][112].
  private static let tables = [(sine: false, odd: 0), (false, 1), (true, 0), (true, 1)].map { wave, odd in
    (0..<64).flatMap { i in
      (0..<pairs).map { k in
        let turns = Double(k * (2 * i + odd) % 446) / 446
        return Float(wave ? sine(turns) : cosine(turns))
      }
    }
  }
  /// The window from its centre outwards; the centre itself enters the even part twice.
  private static let window: [Float] = (0..<half).map { m in
    Float((m == 0 ? 0.5 : 1) * (0.5 + 0.5 * cosine(Double(m) / 256)))
  }

  private let scratch: Arena
  private let padded, even, odd, sums, power: UnsafeMutablePointer<Float>

  init() throws {
    let signal = Self.half + Slicer.length + Self.half, part = Geometry.frames * Self.half
    let sum = Geometry.frames * Self.pairs
    scratch = try Arena(count: signal + 2 * part + 4 * sum + Geometry.cells)
    padded = scratch.base
    even = padded + signal
    odd = even + part
    sums = odd + part
    power = sums + 4 * sum
  }

  func transform(_ slice: UnsafePointer<Float>, into matrix: UnsafeMutablePointer<Float>) {
    let half = Self.half, pairs = Self.pairs, frames = Geometry.frames, sum = frames * pairs
    (padded + half).update(from: slice, count: Slicer.length)
    quaver_fold(padded + half, frames, Geometry.hop, Self.window, even, odd)
    for (index, table) in Self.tables.enumerated() {
      let part = (index < 2 ? even : odd) + index % 2 * 64
      quaver_matmul(part, half, table, pairs, sums + index * sum, pairs, frames, pairs, 64)
    }
    quaver_unfold_power(sums, sums + sum, sums + 2 * sum, sums + 3 * sum, frames, pairs, power)
    quaver_transpose_strided(power, Geometry.rows, frames, Geometry.rows, matrix, frames)
    Decibels.convert(matrix, into: matrix, count: Geometry.cells)
  }
}
