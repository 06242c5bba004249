import Core
import Kernels

/// A linear layer's product of many images by Strassen's sums of blocks (`strassen.h`, which says how exact that is): the weights'
/// sums are made at each run, in scratch, and each thread takes images of its own. The bias is added on the way.
///
/// ViT's layer of 768 to 3072, 32 images on two threads of a Zen 4, takes 117 ms so, and 135 ms by the library's product, which runs at
/// the processor's peak.
@Engine final class StrassenProduct {
  struct Form {
    let images: Int
    /// Images by which it is decided how to compute: those of the plan's smallest lane, so that all lanes decide alike.
    fileprivate let typical: Int
    /// Rows of an image, of the factor on the left; its columns, and those of the weights.
    let rows: Int, depth: Int, columns: Int
    /// The weights are stored `columns`×`depth`.
    let turns: Bool

    /// - Parameter rows: of all images.
    @Engine init(_ site: Site, rows: Int, depth: Int, columns: Int, turns: Bool = false) {
      (images, typical, self.rows) = (site.batch, site.smallestBatch, rows / site.batch)
      (self.depth, self.columns, self.turns) = (depth, columns, turns)
    }
  }

  private let form: Form, sizes: quaver_strassen
  private let pieces: Int, threads: Int
  private let factor: Buffer, room: Buffer

  /// Nil where it does not pay.
  init?(_ form: Form, _ site: Site, _ phase: Site.Phase) {
    guard let levels = form.levels(site.options, threads: Parallel.threads) else { return nil }
    self.form = form
    threads = Parallel.threads
    sizes = form.sizes(levels, streams: form.streams(threads))
    pieces = form.pieces(levels, threads: threads)
    var sizes = sizes
    factor = site.scratch(quaver_strassen_factor_floats(&sizes), phase)
    let most = (form.images + pieces - 1) / pieces
    room = site.scratch(threads * Arena.rounded(quaver_strassen_room_floats(&sizes, most)), phase)
  }

  var kernel: String { "strassen×\(sizes.levels)" }

  /// C = A·B + bias, or C + A·B + bias.
  func run(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    into c: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    let (form, pieces, planned) = (form, pieces, threads)
    let factor = factor.pointer, room = room.pointer, share = self.room.count / threads
    withUnsafePointer(to: sizes) { sizes in
      Parallel.forEach(quaver_strassen_steps(sizes)) {
        quaver_strassen_factor(b, form.turns, sizes, $0.lowerBound, $0.upperBound, factor)
      }
      Parallel.run { thread, threads in
        precondition(threads <= planned, "there is room for \(planned) threads, not for \(threads)")
        for piece in pieces * thread / threads..<pieces * (thread + 1) / threads {
          let first = form.images * piece / pieces, end = form.images * (piece + 1) / pieces
          quaver_strassen_run(
            a + first * form.rows * form.depth, factor, bias, sizes, end - first, adding,
            c + first * form.rows * form.columns, room + thread * share)
        }
      }
    }
  }
}

/// The gradient of such a layer's weights: by one level, each thread a share of the larger factor.
@Engine final class StrassenGradient {
  private let images: Int, sizes: quaver_strassen
  private let piece: Int, threads: Int
  private let room: Buffer

  /// Nil where it does not pay.
  init?(_ form: StrassenProduct.Form, _ site: Site) {
    threads = Parallel.threads
    guard form.gradientPays(site.options, threads: threads) else { return nil }
    images = form.images
    sizes = form.sizes(1)
    piece = form.together(1, rows: 200)
    var sizes = sizes
    room = site.scratch(
      threads * Arena.rounded(quaver_strassen_share_floats(&sizes, threads, piece)), .backward)
  }

  var kernel: String { "strassen×1" }

  /// dW = dyᵀ·x.
  func run(_ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
    let (images, piece, shares) = (images, piece, threads)
    let room = room.pointer, apart = self.room.count / threads
    withUnsafePointer(to: sizes) { sizes in
      Parallel.forEach(shares) { range in
        for share in range {
          quaver_strassen_gradient(x, dy, sizes, images, piece, share, shares, room + share * apart, gradient)
        }
      }
    }
  }
}

extension StrassenProduct.Form {
  fileprivate func sizes(_ levels: Int, streams: Bool = false) -> quaver_strassen {
    quaver_strassen(levels: levels, rows: rows, depth: depth, columns: columns, streams: streams)
  }

  /// A result that no cache holds until it is read need not be read before it is written: 16 MB a thread.
  fileprivate func streams(_ threads: Int) -> Bool { typical * rows * columns >= threads << 22 }

  /// Rows of an image in a block.
  private func group(_ levels: Int) -> Int { (rows + (1 << levels) - 1) >> levels }

  /// Images whose blocks have `rows` rows together, or a few less.
  fileprivate func together(_ levels: Int, rows: Int) -> Int { min(images, max(1, rows / group(levels))) }

  /// As many for each thread, of some hundred rows of a block: fewer read the weights' sums more often, more (or the sums of wide rows)
  /// leave the cache.
  fileprivate func pieces(_ levels: Int, threads: Int) -> Int {
    let most = together(levels, rows: min(100, (1 << 16) * (1 << levels) / depth)), whole = (images + most - 1) / most
    return min(images, (whole + threads - 1) / threads * threads)
  }

  private func canBeCut(_ level: Int) -> Bool {
    let unit = 16 << level
    return rows >= 1 << level && depth % unit == 0 && columns % unit == 0
  }

  /// Rounded to bf16, products cost too little to save any. Without AVX-512 they are slower than the library's (on a Zen 3 by 5 to 25 %):
  /// narrow tiles read each sum more often, from caches of half the size.
  private func isAllowed(_ options: PlanOptions) -> Bool {
    guard options.algorithm != .direct, options.precision != .bf16 else { return false }
    return options.algorithm == .fast || quaver_strassen_is_wide()
  }

  /// Whether the weights' gradient is the faster for it: where a thread has few panels of the larger factor, the sums of the other one,
  /// which every thread makes, cost more than is saved.
  fileprivate func gradientPays(_ options: PlanOptions, threads: Int) -> Bool {
    guard isAllowed(options), canBeCut(1) else { return false }
    var sizes = sizes(1)
    let shares = quaver_strassen_shares(&sizes)
    if options.algorithm == .fast { return shares >= threads }
    return shares >= 4 * threads && min(depth, columns) >= 192
  }

  /// Levels that save most; nil where none saves anything.
  fileprivate func levels(_ options: PlanOptions, threads: Int) -> Int? {
    guard isAllowed(options) else { return nil }
    let possible = [1, 2].filter(canBeCut)
    if options.algorithm == .fast { return possible.last }
    let best = possible.map { (level: $0, saved: saved($0, threads: threads)) }.max { $0.saved < $1.saved }
    guard let best, best.saved > 0.02 * Double(depth) else { return nil }
    return best.level
  }

  /// Multiplications saved for each element of the result, less what else it costs in the same measure, by times on a Zen 4: to spread
  /// and gather rows, to make the weights' sums, for rows that fill up blocks, and for threads that have fewer images.
  private func saved(_ level: Int, threads: Int) -> Double {
    let depth = Double(depth), left = level == 1 ? 0.875 : 0.766
    let filled = Double(group(level) << level) / Double(rows)
    let uneven = Double((typical + threads - 1) / threads * threads) / Double(typical)
    let (gather, spread, weights) = level == 1 ? (14.0, 17.0, 40.0) : (25.0, 56.0, 100.0)
    let moved =
      (streams(threads) ? 0.6 : 1) * gather + depth * (spread / Double(columns) + weights / Double(typical * rows))
    return depth * (1 - left * filled * uneven) - moved
  }
}
