/// A small symmetric matrix, row-major [size, size].
struct SymmetricMatrix {
  private var a: [Double]
  private let size: Int

  init(_ values: [Double], size: Int) {
    precondition(values.count == size * size, "\(values.count) values for a matrix of \(size) rows")
    (a, self.size) = (values, size)
  }

  /// Unit eigenvectors, those of the largest eigenvalues first, by Jacobi's cyclic rotations
  /// (Golub and Van Loan, Matrix Computations, section 8.5).
  func eigenvectors() -> [[Double]] {
    var matrix = self
    var vectors = (0..<size).map { i in (0..<size).map { $0 == i ? 1.0 : 0 } }
    for _ in 0..<16 {
      for p in 0..<size {
        for q in p + 1..<max(p + 1, size) { matrix.annihilate(p, q, &vectors) }
      }
    }
    let order = (0..<size).sorted { matrix.a[$0 * size + $0] > matrix.a[$1 * size + $1] }
    return order.map { vectors[$0] }
  }

  /// Rotates rows and columns p and q so that the element (p, q) vanishes.
  private mutating func annihilate(_ p: Int, _ q: Int, _ vectors: inout [[Double]]) {
    let off = a[p * size + q]
    guard off != 0 else { return }
    let slope = (a[q * size + q] - a[p * size + p]) / (2 * off)
    let t = (slope < 0 ? -1 : 1) / (abs(slope) + (slope * slope + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    for k in 0..<size {
      let (kp, kq) = (a[k * size + p], a[k * size + q])
      (a[k * size + p], a[k * size + q]) = (c * kp - s * kq, s * kp + c * kq)
      let (vp, vq) = (vectors[p][k], vectors[q][k])
      (vectors[p][k], vectors[q][k]) = (c * vp - s * vq, s * vp + c * vq)
    }
    for k in 0..<size {
      let (pk, qk) = (a[p * size + k], a[q * size + k])
      (a[p * size + k], a[q * size + k]) = (c * pk - s * qk, s * pk + c * qk)
    }
  }
}
