import Core
import Kernels

/// The gradient of a linear layer's weights by register tiles of our own (`weight_gradient.h`), each thread a share of the larger
/// factor's columns.
///
/// Between 256 KB and 2 MB of weights, without AVX-512, oneDNN 2.6 takes kernels that read the factors where they lie: on a Zen 3
/// 256 to 512 of 6272 rows runs at 97 GFLOP/s so, and at 132 by tiles; 384 to 768 of 1568 rows at 120 and 143. Larger ones it copies first.
@Engine final class TiledGradient {
  private let sizes: quaver_weight_sizes
  private let shares: Int
  private let room: Buffer

  /// Nil where it does not pay.
  init?(rows: Int, width: Int, outputs: Int, _ site: Site) {
    sizes = quaver_weight_sizes(rows: rows, depth: width, columns: outputs)
    var sizes = sizes
    let most = quaver_weight_shares(&sizes)
    guard width % 16 == 0, outputs % 16 == 0, Self.pays(width * outputs, most, site.options) else { return nil }
    shares = min(Parallel.threads, most)
    room = site.scratch(shares * Arena.rounded(quaver_weight_room_floats(&sizes, shares)), .backward)
  }

  /// Asked for direct sums, every processor makes them so, which is how those with AVX-512 test it too. With more threads than it has
  /// shares for it would leave some idle, or uneven.
  private static func pays(_ weights: Int, _ most: Int, _ options: PlanOptions) -> Bool {
    guard options.precision != .bf16, (1 << 16..<1 << 19).contains(weights) else { return false }
    return options.algorithm == .direct || quaver_weight_pays() && most >= 4 * Parallel.threads
  }

  var kernel: String { "tiles" }

  /// dW = dyᵀ·x.
  func run(_ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
    let (shares, room, apart) = (shares, room.pointer, room.count / shares)
    withUnsafePointer(to: sizes) { sizes in
      Parallel.forEach(shares) { range in
        for share in range {
          quaver_weight_gradient(x, dy, sizes, share, shares, room + share * apart, gradient)
        }
      }
    }
  }
}
