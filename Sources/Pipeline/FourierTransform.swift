import Core
import FFTW
import Foundation

/// A complex number of a table under construction.
struct Complex: Sendable, Equatable {
  static let zero = Complex(re: 0, im: 0)

  let re: Double
  let im: Double

  var magnitude: Double { (re * re + im * im).squareRoot() }
}

/// A real-to-complex DFT of one size by FFTW in float32, out of place, with its own aligned buffers.
///
/// `FFTW_ESTIMATE`: measured plans differ between runs, and their bits with them. The planner is not thread-safe, hence
/// the lock.
final class FourierTransform {
  static let libraryVersion = String(cString: quaver_fftw_version())

  private static let planner = NSLock()

  /// `size` samples; kept as they are by `execute`.
  let input: UnsafeMutablePointer<Float>
  /// size/2 + 1 complex numbers, interleaved.
  let output: UnsafeMutablePointer<Float>
  private let spectrum: UnsafeMutablePointer<fftwf_complex>
  private let plan: fftwf_plan

  /// - Throws: `CoreError.outOfMemory`.
  init(size: Int) throws {
    let bins = size / 2 + 1
    let bytes = size * 4 + bins * 8
    guard let input = fftwf_alloc_real(size), let spectrum = fftwf_alloc_complex(bins) else {
      throw CoreError.outOfMemory(bytes: bytes)
    }
    let flags = UInt32(FFTW_ESTIMATE) | UInt32(FFTW_PRESERVE_INPUT)
    guard
      let plan = Self.planner.withLock({ fftwf_plan_dft_r2c_1d(Int32(size), input, spectrum, flags) })
    else {
      fftwf_free(input)
      fftwf_free(spectrum)
      throw CoreError.outOfMemory(bytes: bytes)
    }
    input.update(repeating: 0, count: size)
    (self.input, self.spectrum, self.plan) = (input, spectrum, plan)
    output = UnsafeMutableRawPointer(spectrum).assumingMemoryBound(to: Float.self)
  }

  deinit {
    Self.planner.withLock { fftwf_destroy_plan(plan) }
    fftwf_free(input)
    fftwf_free(spectrum)
  }

  func execute() { fftwf_execute(plan) }

  /// The DFT of a complex signal in float64, for tables that are built once.
  ///
  /// - Throws: `CoreError.outOfMemory`.
  static func spectrum(of signal: [Complex]) throws -> [Complex] {
    let size = signal.count
    guard let buffer = fftw_alloc_complex(size) else { throw CoreError.outOfMemory(bytes: size * 16) }
    defer { fftw_free(buffer) }
    let plan = planner.withLock {
      fftw_plan_dft_1d(Int32(size), buffer, buffer, FFTW_FORWARD, UInt32(FFTW_ESTIMATE))
    }
    guard let plan else { throw CoreError.outOfMemory(bytes: size * 16) }
    defer { planner.withLock { fftw_destroy_plan(plan) } }
    for (i, value) in signal.enumerated() { buffer[i] = (value.re, value.im) }
    fftw_execute(plan)
    return (0..<size).map { Complex(re: buffer[$0].0, im: buffer[$0].1) }
  }
}
