import Core
import Kernels

/// Batch norm, ELU and 2×2 max-pool as one layer (`Fusion` makes it; models never name it).
///
/// All three are monotone in x within a channel, so that the pool picks its winner on x, and only a quarter of the values is
/// normalised and exponentiated. Training reads the map once forward (moments and winners in one pass) and once
/// backward, where dx may lie in x's own memory.
package struct NormPool: Layer {
  package let kind = "normPool"

  package func output(of inputs: [Shape]) -> Shape {
    let (c, h, w) = inputs[0].map
    return [c, h / 2, w / 2]
  }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] { BatchNorm().parameters(for: inputs) }
  package func flops(for inputs: [Shape]) -> Int { 4 * inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try NormPoolOperation(site) }
}

@Engine private final class NormPoolOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let channels: ChannelStatistics
  /// The winners of x and their places (0 … 3), kept for backward.
  private let winner: Buffer?, which: Buffer?
  private let places: Buffer
  private let height: Int, width: Int, pooled: Int

  init(_ site: Site) throws {
    let layout = site.layout()
    x = try site.input(as: layout == .plain ? .block8 : layout)
    y = site.output(x.layout)
    (height, width) = (x.shape[1], x.shape[2])
    channels = ChannelStatistics(site, Slabs(x.shape, x.layout, batch: site.batch))
    pooled = (height / 2) * (width / 2) * x.layout.lanes
    let bytes = (y.buffer.count + 3) / 4
    if y.needsGradient {
      dy = site.outputGradient(of: y)
      dx = site.gradient(of: x, reusing: x.buffer)
      if dx != nil { site.keep(x) }
      (winner, places) = (site.kept(y.buffer.count), site.kept(bytes))
      which = places
    } else {
      (dy, dx, winner, which) = (nil, nil, nil, nil)
      places = site.scratch(bytes, .forward)
    }
  }

  func forward(_ mode: Mode) {
    if mode.batchStatistics { forwardByBatch() } else { forwardByRunning() }
  }

  private func forwardByRunning() {
    channels.useRunning()
    let slabs = channels.slabs, (height, width, pooled) = (height, width, pooled)
    let x = x.pointer, y = y.pointer, winner = winner?.pointer, which = which?.bytes
    let scale = channels.scale, offset = channels.offset
    Parallel.forEach(slabs.count) { range in
      for s in range {
        let c = s % slabs.blocks * slabs.lanes, out = s * pooled
        quaver_norm_pool_apply(
          x + s * slabs.floats, height, width, slabs.lanes, scale + c, offset + c, y + out, winner.map { $0 + out },
          which.map { $0 + out })
      }
    }
  }

  private func forwardByBatch() {
    let slabs = channels.slabs, (height, width, pooled) = (height, width, pooled)
    let x = x.pointer, y = y.pointer, winner = winner?.pointer ?? y, which = places.bytes
    let sums = channels.forwardSums.doubles, shift = channels.shift
    channels.setShift(from: x)
    let signs = channels.setSigns()
    Parallel.forEach(slabs.count) { range in
      for s in range {
        let c = s % slabs.blocks * slabs.lanes, out = s * pooled
        quaver_norm_pool_select(
          x + s * slabs.floats, height, width, slabs.lanes, signs + c, shift + c, sums + 2 * s * slabs.lanes,
          winner + out, which + out)
      }
    }
    channels.useBatch()
    let scale = channels.scale, offset = channels.offset
    Parallel.forEach(slabs.count) { range in
      for s in range {
        let c = s % slabs.blocks * slabs.lanes, out = s * pooled
        quaver_norm_elu(winner + out, y + out, pooled / slabs.lanes, slabs.lanes, scale + c, offset + c)
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let winner = winner?.pointer, let which = which?.bytes else { return }
    let slabs = channels.slabs, pooled = pooled
    let scale = channels.scale, offset = channels.offset, mean = channels.mean, sums = channels.backwardSums.doubles
    Parallel.forEach(slabs.count) { range in
      for s in range {
        let c = s % slabs.blocks * slabs.lanes, out = s * pooled
        quaver_norm_pool_gradient_sums(
          dy + out, winner + out, pooled / slabs.lanes, slabs.lanes, scale + c, offset + c, mean + c,
          sums + 2 * s * slabs.lanes)
      }
    }
    channels.differentiate(mode)
    guard let dx = dx?.pointer else { return }
    spread(dy, which, dx, frozen: !mode.batchStatistics)
  }

  /// dx from the gradients of the winners.
  private func spread(
    _ dy: UnsafePointer<Float>, _ which: UnsafePointer<UInt8>, _ dx: UnsafeMutablePointer<Float>, frozen: Bool
  ) {
    let slabs = channels.slabs, (height, width, pooled) = (height, width, pooled)
    let x = x.pointer, byDy = channels.scale, byX = channels.byX, constant = channels.constant
    Parallel.forEach(slabs.count) { range in
      for s in range {
        let c = s % slabs.blocks * slabs.lanes, at = s * slabs.floats, out = s * pooled
        if frozen {
          quaver_norm_pool_scatter(dy + out, which + out, dx + at, height, width, slabs.lanes, byDy + c)
        } else {
          quaver_norm_pool_gradient(
            dy + out, which + out, x + at, dx + at, height, width, slabs.lanes, byDy + c, byX + c, constant + c)
        }
      }
    }
  }
}
