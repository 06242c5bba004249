import Core
import Foundation
import Kernels

/// Power mel spectrogram in dB: n_fft 2048, 224 Slaney-normalised bands on Slaney's scale, 0–8000 Hz.
struct MelTransform: SpectralTransform {
  let name = "mel"
  let title = "mel spectrogram"
  let version = 1
  let rowUnit = "Hz"
  let valueUnit = "dB"
  var rowValues: [Double] { Array(MelBands.corners[1...Geometry.rows]) }

  func makeWorker() throws -> any SpectralWorker { try MelWorker() }
}

/// Slaney's mel scale (Auditory Toolbox, 1998): linear below 1000 Hz (66.7 Hz a mel), then 27 mels to a factor of 6.4.
enum MelScale {
  private static let step = 200.0 / 3
  private static let knee = 1000.0
  private static let logStep = log(6.4) / 27

  static func mel(hertz: Double) -> Double {
    hertz < knee ? hertz / step : knee / step + log(hertz / knee) / logStep
  }

  static func hertz(mel: Double) -> Double {
    mel < knee / step ? mel * step : knee * exp(logStep * (mel - knee / step))
  }
}

/// The triangular filters over the bins of a 2048-point DFT, stored without their zeros.
struct MelBands: Sendable {
  static let fftSize = 2048
  static let shared = MelBands()
  /// Hz of the 226 corners of 224 overlapping triangles.
  static let corners: [Double] = {
    let top = MelScale.mel(hertz: Double(Audio.pipelineRate) / 2)
    return (0..<(Geometry.rows + 2)).map { MelScale.hertz(mel: top * Double($0) / Double(Geometry.rows + 1)) }
  }()

  /// First bin of each band.
  let first: [Int32]
  /// Where each band's weights begin, and the total: 225 entries.
  let offsets: [Int32]
  let weights: [Float]

  private init() {
    var first: [Int32] = [], offsets: [Int32] = [0], weights: [Float] = []
    let width = Double(Audio.pipelineRate) / Double(Self.fftSize)
    for band in 0..<Geometry.rows {
      let (low, centre, high) = (Self.corners[band], Self.corners[band + 1], Self.corners[band + 2])
      // Area norm: a band's weights integrate to one over frequency.
      let norm = 2 / (high - low)
      let row = (0...(Self.fftSize / 2)).map { bin in
        let hertz = Double(bin) * width
        return max(0, min((hertz - low) / (centre - low), (high - hertz) / (high - centre))) * norm
      }
      let start = row.firstIndex { $0 > 0 } ?? 0
      let end = row.lastIndex { $0 > 0 } ?? 0
      first.append(Int32(start))
      weights += row[start...end].map(Float.init)
      offsets.append(Int32(weights.count))
    }
    (self.first, self.offsets, self.weights) = (first, offsets, weights)
  }
}

/// Mel power and dB of one slice; MFCC builds on it.
final class MelWorker: SpectralWorker {
  /// Frames done together, one a lane of the kernels.
  private static let lanes = 16
  /// Floats between rows of the mel matrix: 229 frames in whole groups.
  static let rowStride = (Geometry.frames + lanes - 1) / lanes * lanes
  private static let window = HannWindow.periodic(256).map(Float.init)

  private let fft: FourierTransform
  private let scratch: Arena
  private let padded, power, bands: UnsafeMutablePointer<Float>

  init() throws {
    fft = try FourierTransform(size: MelBands.fftSize)
    let signal = 128 + Slicer.length + 128, spectrum = (MelBands.fftSize / 2 + 1) * Self.lanes
    scratch = try Arena(count: signal + spectrum + Geometry.rows * Self.rowStride)
    padded = scratch.base
    power = padded + signal
    bands = power + spectrum
  }

  /// The dB matrix [224][`rowStride`]; the columns past frame 228 are padding. Valid until the next call.
  func decibels(_ slice: UnsafePointer<Float>) -> UnsafeMutablePointer<Float> {
    let mel = MelBands.shared, bins = MelBands.fftSize / 2 + 1
    (padded + 128).update(from: slice, count: Slicer.length)
    for group in stride(from: 0, to: Geometry.frames, by: Self.lanes) {
      for lane in 0..<min(Self.lanes, Geometry.frames - group) {
        // Only the power counts, so the window need not sit in the middle of the 2048 points.
        let frame = padded + (group + lane) * Geometry.hop
        for i in 0..<256 { fft.input[i] = frame[i] * Self.window[i] }
        fft.execute()
        quaver_power(fft.output, bins, power + lane, Self.lanes)
      }
      quaver_bands(power, mel.first, mel.offsets, mel.weights, Geometry.rows, bands + group, Self.rowStride)
    }
    // Padding columns repeat the power of earlier frames' bands, so they never raise the maximum.
    Decibels.convert(bands, into: bands, count: Geometry.rows * Self.rowStride)
    return bands
  }

  func transform(_ slice: UnsafePointer<Float>, into matrix: UnsafeMutablePointer<Float>) {
    let mel = decibels(slice)
    for row in 0..<Geometry.rows {
      (matrix + row * Geometry.frames).update(from: mel + row * Self.rowStride, count: Geometry.frames)
    }
  }
}
