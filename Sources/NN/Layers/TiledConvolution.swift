import Core
import Kernels
import OneDNN

/// A convolution by Winograd's minimal filtering where the library has none: kernels of 2×2 and 5×5, and without AVX-512 of 3×3
/// too. Tiles of the map are spread over matrices, whose products take 36 to 44 % of the direct sum's (25 % of 3×3), and are
/// gathered into tiles of the result; `winograd.h` says how exact that is. Products of so few channels run at a large product's speed,
/// so that CNN-LSTM's convolutions take 0.55 to 0.75 of the direct kernels' time, AlexNet's 5×5 0.6 and VGG16's on AVX2 0.45.
struct Tiling: Equatable {
  let taps: Int, channels: Int, outputs: Int, padding: Int
  let input: Shape, result: Shape
  let layout: Layout

  /// Nil where it does not pay, where channels do not fill blocks, and where weights are too many for the threads. Rounded to bf16,
  /// products cost too little to save any.
  @Engine init?(_ layer: Convolution, _ input: Shape, _ options: PlanOptions) {
    (taps, channels, outputs, padding) = (layer.kernel, input[0], layer.channels, layer.padding)
    (self.input, result) = (input, layer.output(of: [input]))
    let edge = quaver_tile_edge(taps)
    guard options.algorithm != .direct, options.precision != .bf16, edge > 0 else { return nil }
    guard layer.stride == 1, layer.groups == 1, padding < taps, min(channels, outputs) >= 32 else { return nil }
    // On a map of a few tiles as many products are outside as saved.
    guard 4 * edge * edge * result.tiles(taps: taps).count <= 3 * taps * taps * result[1] * result[2] else {
      return nil
    }
    guard !layer.runsWinograd(input, options) else { return nil }
    // Each thread has a share of the weights' gradient, as large as the weights' matrices: 256 MB in all at most, which VGG16's 512
    // channels reach at 7 threads. Every demand keeps to that, so that all agree to the bit.
    guard Parallel.threads * edge * edge * channels * outputs <= 1 << 26 else { return nil }
    let direct = ConvolutionPrimitive(
      layer.primitiveShape(input, result, batch: 1), QUAVER_FORWARD, QUAVER_DIRECT, bias: layer.bias, source: nil,
      destination: nil)
    guard let layout = direct?.source, layout != .plain else { return nil }
    guard channels % layout.lanes == 0, outputs % layout.lanes == 0 else { return nil }
    self.layout = layout
  }

  /// Matrices of a tile.
  fileprivate var products: Int { quaver_tile_edge(taps) * quaver_tile_edge(taps) }

  /// Floats of the weights' matrices.
  fileprivate var weightFloats: Int { products * channels * outputs }

  fileprivate var weights: quaver_tiled_weights {
    quaver_tiled_weights(taps: taps, outputs: outputs, channels: channels)
  }
}

extension Shape {
  /// Tiles that write a map, and those in a row of it.
  fileprivate func tiles(taps: Int) -> (count: Int, across: Int) {
    let side = quaver_tile_side(taps), across = (self[2] + side - 1) / side
    return ((self[1] + side - 1) / side * across, across)
  }
}

/// The tiles of a batch, dealt out in pieces: small enough that the matrices of few channels stay in a core's cache, large enough that the
/// weights' are read for many tiles, and as many pieces for each thread. With AVX2 the library multiplies a piece's last rows by another
/// kernel, so that last bits depend on the batch and on lanes.
private struct Tiles {
  /// Of an image, in a row of it, and of the batch.
  let count: Int, across: Int, all: Int
  /// Tiles of each piece but the last ones.
  let piece: Int

  /// - Parameter map: that the tiles write.
  @Engine init(_ map: Shape, _ tiling: Tiling, batch: Int) {
    let threads = Parallel.threads
    (count, across) = map.tiles(taps: tiling.taps)
    all = batch * count
    let pieces = (all + Self.most * threads - 1) / (Self.most * threads) * threads
    piece = (all + pieces - 1) / pieces
  }

  private static let most = 192

  func form(_ map: Shape, _ tiling: Tiling, padding: Int = 0) -> quaver_tiled_map {
    quaver_tiled_map(
      taps: tiling.taps, height: map[1], width: map[2], blocks: map[0] / tiling.layout.lanes,
      lanes: tiling.layout.lanes, across: across, padding: padding)
  }
}

/// The weights' matrices.
@Engine private struct TiledOrder: WeightOrder {
  let tiling: Tiling
  /// For dx.
  let isTurned: Bool

  var floats: Int { tiling.weightFloats }

  func arrange(_ weights: UnsafeMutablePointer<Float>, into ordered: UnsafeMutablePointer<Float>) {
    let fill = isTurned ? quaver_tile_turned_weights : quaver_tile_weights
    withUnsafePointer(to: tiling.weights) { form in
      Parallel.forEach(tiling.outputs / 8) { fill(weights, form, 8 * $0.lowerBound, 8 * $0.upperBound, ordered) }
    }
  }

  func isSame(as other: any WeightOrder) -> Bool {
    guard let other = other as? Self else { return false }
    return isTurned == other.isTurned && tiling == other.tiling
  }
}

/// Where the weights' matrices are: kept; or, where they are many (VGG16's would be half a gigabyte of an attack, and take 1 to 3 % of
/// a pass of 32 images on two threads to make), in scratch that all layers of a section share.
@Engine private final class TiledMatrices {
  private enum Place {
    case kept(PackedWeights)
    case scratch(Buffer)
  }

  private let weight: Parameter
  private let order: TiledOrder
  private let place: Place

  private nonisolated static let most = 1 << 22

  init(_ weight: Parameter, _ order: TiledOrder, _ site: Site, _ phase: Site.Phase) {
    (self.weight, self.order) = (weight, order)
    place =
      order.floats <= Self.most ? .kept(site.packed(weight, as: order)) : .scratch(site.scratch(order.floats, phase))
  }

  func ready() -> UnsafeMutablePointer<Float> {
    switch place {
    case .kept(let packed): return packed.pointer
    case .scratch(let scratch):
      order.arrange(weight.values, into: scratch.pointer)
      return scratch.pointer
    }
  }
}

/// The threads that compute pieces, each with a product of its own, since none can be two threads', and room for a piece's matrices.
@Engine private final class TileWorkers {
  struct Worker {
    let thread: Int
    let product: Product, scratch: UnsafeMutablePointer<Float>
    /// What is spread from the map that is read, and from the other one.
    let read: UnsafeMutablePointer<Float>, other: UnsafeMutablePointer<Float>
  }

  struct Piece {
    /// Of the batch's.
    let tiles: Range<Int>
    fileprivate let perImage: Int

    /// Calls `body` for each image: with its first tile here, how many there are, and how many of the piece come before.
    func forEachImage(_ body: (_ image: Int, _ first: Int, _ count: Int, _ before: Int) -> Void) {
      var next = tiles.lowerBound
      while next < tiles.upperBound {
        let first = next % perImage, count = min(perImage - first, tiles.upperBound - next)
        body(next / perImage, first, count, next - tiles.lowerBound)
        next += count
      }
    }
  }

  private let products: [Product]
  private let tiles: Tiles
  private let room: Buffer
  /// Floats of each part of a worker's room.
  private let read: Int, other: Int, scratch: Int

  /// - Parameters:
  ///   - form: of a piece's products.
  ///   - channels: of the map that is read and of the other one.
  init(
    _ form: Product.Form, adds: Bool = false, _ tiles: Tiles, channels: (Int, Int), _ site: Site, _ phase: Site.Phase
  ) throws {
    self.tiles = tiles
    let threads = Parallel.threads
    products = try Parallel.with(threads: 1) {
      try (0..<threads).map { _ in try Product(form, adds: adds, node: site.name) }
    }
    read = Arena.rounded(form.count * tiles.piece * channels.0)
    other = Arena.rounded(form.count * tiles.piece * channels.1)
    scratch = Arena.rounded(products[0].scratchFloats)
    room = site.scratch(threads * (read + other + scratch), phase)
  }

  var count: Int { products.count }
  var kernel: String { "\(products[0].kernel) winograd" }

  /// - Parameters:
  ///   - begin: is called once on every thread.
  ///   - body: is called for each piece.
  func run(begin: (Worker) -> Void = { _ in }, _ body: (Worker, Piece) -> Void) {
    let (tiles, products, room) = (tiles, products, room.pointer)
    let (read, other, scratch) = (read, other, scratch)
    let pieces = (tiles.all + tiles.piece - 1) / tiles.piece
    Parallel.run { thread, threads in
      precondition(threads == products.count, "tiles were dealt out to \(products.count) threads, not \(threads)")
      let own = room + thread * (read + other + scratch)
      let worker = Worker(
        thread: thread, product: products[thread], scratch: own + read + other, read: own, other: own + read)
      begin(worker)
      for index in pieces * thread / threads..<pieces * (thread + 1) / threads {
        let first = index * tiles.piece
        body(worker, Piece(tiles: first..<min(first + tiles.piece, tiles.all), perImage: tiles.count))
      }
    }
  }
}

/// The forward pass; and dx, which is the forward pass of dy with the weights turned.
@Engine private final class TiledPass {
  private let workers: TileWorkers
  private let matrices: TiledMatrices
  private let from: quaver_tiled_map, to: quaver_tiled_map
  private let channels: (read: Int, written: Int)
  private let image: (read: Int, written: Int)
  private let piece: Int

  init(_ tiling: Tiling, _ weight: Parameter, _ site: Site, _ phase: Site.Phase) throws {
    let isTurned = phase == .backward
    let (source, target) = isTurned ? (tiling.result, tiling.input) : (tiling.input, tiling.result)
    let tiles = Tiles(target, tiling, batch: site.batch)
    from = tiles.form(source, tiling, padding: isTurned ? tiling.taps - 1 - tiling.padding : tiling.padding)
    to = tiles.form(target, tiling)
    (channels, image, piece) = ((source[0], target[0]), (source.count, target.count), tiles.piece)
    matrices = TiledMatrices(weight, TiledOrder(tiling: tiling, isTurned: isTurned), site, phase)
    workers = try TileWorkers(
      .init(count: tiling.products, rows: piece, columns: target[0], depth: source[0]), tiles, channels: channels, site,
      phase)
  }

  var kernel: String { workers.kernel }

  func run(_ map: UnsafePointer<Float>, bias: UnsafePointer<Float>?, into result: UnsafeMutablePointer<Float>) {
    let weights = matrices.ready()
    let (channels, image) = (channels, image), apart = (read: piece * channels.read, written: piece * channels.written)
    withUnsafePointer(to: from) { from in
      withUnsafePointer(to: to) { to in
        workers.run { worker, piece in
          piece.forEachImage { n, first, count, before in
            quaver_tile_inputs(
              map + n * image.read, from, first, count, worker.read + before * channels.read, apart.read)
          }
          worker.product.run(worker.read, weights, into: worker.other, scratch: worker.scratch)
          piece.forEachImage { n, first, count, before in
            quaver_tile_outputs(
              worker.other + before * channels.written, apart.written, bias, to, first, count,
              result + n * image.written)
          }
        }
      }
    }
  }
}

/// The gradients of the weights and the bias: each thread adds its pieces' up, and the threads' shares are added in the end.
@Engine private final class TiledWeights {
  private let tiling: Tiling
  private let workers: TileWorkers
  private let from: quaver_tiled_map, to: quaver_tiled_map
  private let piece: Int
  private let shares: Buffer, sums: Buffer
  private let gradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?

  init?(_ tiling: Tiling, _ weight: Parameter, _ bias: Parameter?, _ site: Site) throws {
    guard let gradient = site.gradient(of: weight) else { return nil }
    (self.tiling, self.gradient) = (tiling, gradient)
    biasGradient = bias.flatMap(site.gradient(of:))
    let tiles = Tiles(tiling.result, tiling, batch: site.batch)
    from = tiles.form(tiling.input, tiling, padding: tiling.padding)
    to = tiles.form(tiling.result, tiling)
    piece = tiles.piece
    workers = try TileWorkers(
      .init(count: tiling.products, rows: tiling.channels, columns: tiling.outputs, depth: piece, turnsFirst: true),
      adds: true, tiles, channels: (tiling.channels, tiling.outputs), site, .backward)
    shares = site.scratch(workers.count * tiling.weightFloats, .backward)
    sums = site.scratch(workers.count * tiling.outputs, .backward)
  }

  var kernel: String { workers.kernel }

  func run(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>) {
    let shares = shares.pointer, sums = sums.pointer, floats = tiling.weightFloats, outputs = tiling.outputs
    workers.run { worker in
      (shares + worker.thread * floats).update(repeating: 0, count: floats)
      (sums + worker.thread * outputs).update(repeating: 0, count: outputs)
    } _: { worker, piece in
      spread(x, dy, piece, worker, sums: sums + worker.thread * outputs)
      worker.product.run(worker.read, worker.other, into: shares + worker.thread * floats, scratch: worker.scratch)
    }
    let gradient = gradient, threads = workers.count
    withUnsafePointer(to: tiling.weights) { form in
      Parallel.forEach(outputs / 8) {
        quaver_tile_weight_gradients(shares, threads, form, 8 * $0.lowerBound, 8 * $0.upperBound, gradient)
      }
    }
    if let biasGradient { Library.columnSums(sums, rows: threads, columns: outputs, into: biasGradient) }
  }

  /// A piece's matrices; what it lacks to be full adds nothing.
  private func spread(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ piece: TileWorkers.Piece, _ worker: TileWorkers.Worker,
    sums: UnsafeMutablePointer<Float>
  ) {
    let (channels, outputs, rows) = (tiling.channels, tiling.outputs, self.piece)
    let image = (read: tiling.input.count, written: tiling.result.count)
    withUnsafePointer(to: from) { from in
      withUnsafePointer(to: to) { to in
        piece.forEachImage { n, first, count, before in
          quaver_tile_inputs(
            x + n * image.read, from, first, count, worker.read + before * channels, rows * channels)
          quaver_tile_output_gradients(
            dy + n * image.written, to, first, count, worker.other + before * outputs, rows * outputs, sums)
        }
      }
    }
    let count = piece.tiles.count
    guard count < rows else { return }
    for matrix in 0..<tiling.products {
      let last = matrix * rows + count, rest = rows - count
      (worker.read + last * channels).update(repeating: 0, count: rest * channels)
      (worker.other + last * outputs).update(repeating: 0, count: rest * outputs)
    }
  }
}

@Engine final class TiledConvolution: Operation {
  private let x: Value, y: Value
  private let bias: Parameter?
  private let toOutput: TiledPass
  private let dy: Buffer?, dx: InputGradient?
  private let toInput: TiledPass?, toWeights: TiledWeights?

  /// Nil where the layer is not tiled.
  init?(_ layer: Convolution, _ site: Site) throws {
    guard let tiling = Tiling(layer, site.inputShapes[0], site.options) else { return nil }
    x = try site.input(as: tiling.layout)
    y = site.output(tiling.layout)
    bias = layer.bias ? site.parameter("bias") : nil
    let weight = site.parameter("weight")
    toOutput = try TiledPass(tiling, weight, site, .forward)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    toWeights = try TiledWeights(tiling, weight, bias, site)
    if toWeights != nil { site.keep(x) }
    dx = site.gradient(of: x)
    toInput = dx == nil ? nil : try TiledPass(tiling, weight, site, .backward)
  }

  var kernels: [String] {
    [toOutput.kernel, toInput?.kernel, toWeights?.kernel].compactMap(\.self)
  }

  func forward(_ mode: Mode) { toOutput.run(x.pointer, bias: bias?.values, into: y.pointer) }

  func backward(_ mode: Mode) {
    guard let dy else { return }
    toWeights?.run(x.pointer, dy.pointer)
    if let dx { toInput?.run(dy.pointer, bias: nil, into: dx.pointer) }
  }
}
