import Core
import Kernels

/// Magnitude of the constant-Q transform in dB: 224 bins from C1 (32.7 Hz), 32 an octave, as librosa's `cqt` computes it
/// (Schörkhuber and Klapuri, "Constant-Q transform toolbox for music processing", 2010): the top octave at 16 kHz, the
/// other six on the signal halved once.
///
/// A CQT bin is a short row of a sparse kernel times the rectangular STFT. Only some hundred STFT bins an octave meet a
/// kernel, but the frames of the lowest octave are 16 384 points long and 35 samples apart. So the STFT is slid: a frame
/// follows from the one before by what enters and leaves (Jacobsen and Lyons, "The sliding DFT", 2003), for all frames
/// at once one product of [229×hop] differences with [hop×bins] waves, then a turn a bin and frame in float64.
struct CQTransform: SpectralTransform {
  let name = "cqt"
  let title = "constant-Q transform"
  let version = 1
  let rowUnit = "Hz"
  let valueUnit = "dB"
  var rowValues: [Double] { (0..<Geometry.rows).map(CQTKernels.frequency) }

  func makeWorker() throws -> any SpectralWorker { try CQTWorker() }
}

private final class CQTWorker: SpectralWorker {
  private static let perOctave = CQTKernels.binsPerOctave

  private let octaves: [CQTKernels.Octave]
  private let ffts: [FourierTransform]
  private let halver: RateHalver
  private let scratch: Arena
  private let halved, difference, delta, response, power: UnsafeMutablePointer<Float>
  /// Real, then imaginary parts of the sliding frame.
  private var frame: [Double]

  init() throws {
    octaves = try CQTKernels.octaves()
    ffts = try octaves.map { try FourierTransform(size: $0.size) }
    halver = try RateHalver()
    let widest = octaves.map(\.bins).max() ?? 0, frames = Geometry.frames
    frame = [Double](repeating: 0, count: 2 * widest)
    let signal = Arena.rounded(Slicer.length / 2), span = Arena.rounded(frames * Geometry.hop)
    let sizes = [signal, span, frames * 2 * widest, frames * 2 * Self.perOctave, frames * Self.perOctave]
    scratch = try Arena(count: sizes.reduce(0) { $0 + Arena.rounded($1) })
    halved = scratch.base
    difference = halved + signal
    delta = difference + span
    response = delta + Arena.rounded(sizes[2])
    power = response + Arena.rounded(sizes[3])
  }

  func transform(_ slice: UnsafePointer<Float>, into matrix: UnsafeMutablePointer<Float>) {
    let frames = Geometry.frames
    halver.halve(slice, count: Slicer.length, into: halved)
    for (octave, fft) in zip(octaves, ffts) {
      let full = octave.hop == Geometry.hop
      let signal = full ? slice : UnsafePointer(halved), count = full ? Slicer.length : Slicer.length / 2
      slide(octave, fft, signal, count)
      let columns = 2 * Self.perOctave
      quaver_matmul(
        delta, 2 * octave.bins, octave.kernels, columns, response, columns, frames, columns, 2 * octave.bins)
      quaver_split_power(response, frames, Self.perOctave, power)
      quaver_transpose_strided(
        power, Self.perOctave, frames, Self.perOctave, matrix + octave.firstRow * frames, frames)
    }
    Decibels.convert(matrix, into: matrix, count: Geometry.cells)
  }

  /// Fills `delta` with the octave's STFT bins of all frames, [229][2·bins]: real parts, then imaginary parts.
  private func slide(
    _ octave: CQTKernels.Octave, _ fft: FourierTransform, _ signal: UnsafePointer<Float>, _ count: Int
  ) {
    let half = octave.size / 2, span = Geometry.frames * octave.hop, bins = octave.bins
    // The first frame is centred on sample 0, after half a frame of zeros.
    (fft.input + half).update(from: signal, count: min(half, count))
    fft.execute()
    for bin in 0..<bins {
      let source = octave.firstBin + bin
      let inside = source <= half
      frame[bin] = inside ? Double(fft.output[2 * source]) : 0
      frame[bins + bin] = inside ? Double(fft.output[2 * source + 1]) : 0
    }
    let entering = max(0, min(span, count - half))
    difference.update(from: signal + min(half, count), count: entering)
    (difference + entering).update(repeating: 0, count: span - entering)
    let signal = signal, difference = difference
    for i in half..<max(half, span) { difference[i] -= signal[i - half] }
    quaver_matmul(
      difference, octave.hop, octave.waves, 2 * bins, delta, 2 * bins, Geometry.frames, 2 * bins, octave.hop)
    quaver_slide(&frame, octave.turn, bins, Geometry.frames, delta)
  }
}
