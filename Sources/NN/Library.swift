import Core
import Kernels
import OneDNN

/// What the engine computes with.
package enum Library {
  /// "oneDNN 2.6.3"
  package static var name: String { String(cString: quaver_dnn_version()) }

  /// Which factor of a product is read transposed.
  enum Side { case first, second }

  /// C = A·B (+ C when adding), row-major; `rows`×`depth` times `depth`×`columns`.
  ///
  /// oneDNN's sgemm, on all threads: on AVX-512 about 1.2 to 2 times as fast as OpenBLAS 0.3.21 on the shapes of these networks,
  /// and not subject to OPENBLAS_CORETYPE. It is slow for few rows against a transposed B; see `Linear`.
  @Engine static func gemm(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, transposing side: Side? = nil,
    into c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, depth: Int, adding: Bool = false
  ) {
    let (ta, tb) = (side == .first, side == .second)
    let done = quaver_sgemm(
      CChar(UInt8(ascii: ta ? "T" : "N")), CChar(UInt8(ascii: tb ? "T" : "N")), rows, columns, depth, 1, a,
      ta ? rows : depth, b, tb ? depth : columns, adding ? 1 : 0, c, columns)
    precondition(done, "a matrix product of \(rows)×\(depth) and \(depth)×\(columns) was refused")
  }

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
  @Engine static func columnSums(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, into out: UnsafeMutablePointer<Float>
  ) {
    Parallel.forEach((columns + 15) / 16) { blocks in
      quaver_column_sums(x, rows, columns, blocks.lowerBound * 16, min(columns, blocks.upperBound * 16), out)
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
