import Core
import Kernels
import OneDNN

/// What the engine computes with.
package enum Library {
  /// "oneDNN 2.6.3"
  package static var name: String { String(cString: quaver_dnn_version()) }

  /// Grows when what we make of the library's primitives gives other last bits than before.
  package static let revision = 6

  /// Whether this processor's vectors of 512 bits go through in two halves (Zen 4).
  package static var halvesVectors: Bool { quaver_dnn_halves_vectors() }

  /// y[c, r] = x[r, c], on all threads.
  @Engine static func transpose(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, into y: UnsafeMutablePointer<Float>
  ) {
    // Whole cache lines of columns to each thread.
    Parallel.forEach((columns + 15) / 16) { blocks in
      quaver_transpose(x, rows, columns, blocks.lowerBound * 16, min(columns, blocks.upperBound * 16), y)
    }
  }

  /// out[c] = Σ_r x[r, c], on all threads.
  ///
  /// - Parameter stride: floats from one row to the next; `columns` unless said.
  @Engine static func columnSums(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int? = nil, into out: UnsafeMutablePointer<Float>
  ) {
    let stride = stride ?? columns
    Parallel.forEach((columns + 15) / 16) { blocks in
      quaver_column_sums(x, rows, stride, blocks.lowerBound * 16, min(columns, blocks.upperBound * 16), out)
    }
  }

  /// Applies `body` to stretches of 0..<count that start at multiples of 64, on all threads.
  @Engine static func stretches(_ count: Int, _ body: (_ start: Int, _ count: Int) -> Void) {
    Parallel.forEach((count + 63) / 64) { blocks in
      let start = blocks.lowerBound * 64
      body(start, min(count, blocks.upperBound * 64) - start)
    }
  }
}
