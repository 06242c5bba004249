import Core
import Kernels

/// What a trainer does to the gradients between a backward pass and the optimiser's step.
extension Network {
  /// Euclidean length of all gradients of parameters that are not frozen, taken as one vector. Sums run over blocks of a fixed
  /// size, so that the result does not depend on the number of threads.
  package var gradientNorm: Double {
    guard let gradients = flat.gradients else { return 0 }
    let block = 1 << 16
    var total = 0.0
    for range in trainedRanges {
      let count = (range.count + block - 1) / block
      let sums = [Double](unsafeUninitializedCapacity: count) { buffer, filled in
        guard let sums = buffer.baseAddress else { return }
        Parallel.forEach(count) { blocks in
          for b in blocks {
            let start = b * block
            sums[b] = quaver_sum_of_squares(gradients + range.lowerBound + start, min(block, range.count - start))
          }
        }
        filled = count
      }
      for sum in sums { total += sum }
    }
    return total.squareRoot()
  }

  /// Scales the gradients so that their norm is at most `limit` (torch.nn.utils.clip_grad_norm_).
  ///
  /// - Returns: the norm before.
  @discardableResult
  package func clipGradients(to limit: Double) -> Double {
    let norm = gradientNorm, factor = limit / (norm + 1e-6)
    // A NaN norm fails this comparison as it should: the gradients stay NaN, and the loss will tell.
    if factor < 1, let gradients = flat.gradients {
      for range in trainedRanges {
        let own = gradients + range.lowerBound
        Library.stretches(range.count) { quaver_scale(own + $0, Float(factor), own + $0, $1) }
      }
    }
    return norm
  }
}

/// The gradient of a step that is taken in several passes: Σ share·gradient.
@Engine package final class GradientSum {
  private let network: Network
  private let sum: Arena

  /// - Throws: `CoreError.outOfMemory`.
  package init(_ network: Network) throws {
    self.network = network
    sum = try Arena(count: network.trainableFloats)
  }

  /// Adds the last backward pass's gradients times `share`; the first pass of a step replaces what was there.
  package func add(share: Double, isFirst: Bool) {
    guard let gradients = network.flat.gradients else { return }
    let sum = sum.base
    for range in network.trainedRanges {
      let at = range.lowerBound
      Library.stretches(range.count) {
        quaver_add_scaled(gradients + at + $0, Float(share), sum + at + $0, $1, isFirst)
      }
    }
  }

  /// Puts the sum where the optimiser reads gradients.
  package func settle() {
    guard let gradients = network.flat.gradients else { return }
    let sum = sum.base
    for range in network.trainedRanges {
      let at = range.lowerBound
      Library.stretches(range.count) { (gradients + at + $0).update(from: sum + at + $0, count: $1) }
    }
  }
}
