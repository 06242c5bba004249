import Core
import Kernels
import NN
import Testing

/// The transforms of tiled convolutions beside plain sums, in whole numbers that only the points of 3×3 and 5×5 make round.
@Suite struct TileTests {
  struct Shape: CustomTestStringConvertible {
    let taps: Int, padding: Int, lanes: Int, height: Int, width: Int
    var testDescription: String { "\(taps)×\(taps) padded by \(padding) of \(height)×\(width), \(lanes) lanes" }
    /// How far from a plain sum of some hundred products of numbers up to 8 a result may be; 2×2 must be exact.
    var tolerance: Float { taps == 2 ? 0 : 0.02 }
  }

  static let shapes: [Shape] = [2, 3, 5].flatMap { taps in
    [(7, 11, 16), (9, 9, 8), (taps, taps + 1, 16), (10, 6, 8)].flatMap { height, width, lanes in
      Set([0, taps / 2, taps - 1]).sorted().map {
        Shape(taps: taps, padding: $0, lanes: lanes, height: height, width: width)
      }
    }
  }

  @Test(arguments: shapes) func aTiledConvolutionIsThePlainOne(shape: Shape) {
    let tiled = TiledExample(shape)
    let made = tiled.made(by: tiled.matrices(of: tiled.weights))
    for o in 0..<tiled.outputs {
      for row in 0..<tiled.rows {
        for column in 0..<tiled.columns {
          let difference = abs(made[tiled.place(o, row, column)] - tiled.plain(o, row, column))
          #expect(difference <= shape.tolerance, "\(o) \(row) \(column)")
        }
      }
    }
  }

  /// ⟨A(m), y⟩ = ⟨m, Aᵀ(y)⟩, of the tiles' outputs and of the weights' matrices; and the sums of the bias.
  @Test(arguments: shapes) func theWaysBackOfTilesAreTransposes(shape: Shape) {
    var tiled = TiledExample(shape)
    func expectEqual(_ a: [Float], _ b: [Float], _ c: [Float], _ d: [Float], _ what: String) {
      func product(_ a: [Float], _ b: [Float], _ map: (Double) -> Double = { $0 }) -> Double {
        zip(a, b).reduce(0) { $0 + map(Double($1.0) * Double($1.1)) }
      }
      let most = shape.taps == 2 ? 0 : 1e-6 * (product(a, b, abs) + product(c, d, abs))
      #expect(abs(product(a, b) - product(c, d)) <= most, "\(what)")
    }
    let spread = tiled.numbers(tiled.matrices * tiled.tiles * tiled.outputs), map = tiled.numbers(tiled.result)
    let (back, sums) = tiled.gradients(of: map)
    expectEqual(tiled.gathered(spread), map, spread, back, "outputs")
    for o in 0..<tiled.outputs {
      let all = (0..<tiled.rows * tiled.columns).map { map[tiled.place(o, $0 / tiled.columns, $0 % tiled.columns)] }
      #expect(sums[o] == all.reduce(0, +) + 1, "added to what is there")
    }
    let shares = tiled.numbers(2 * tiled.matrices * tiled.channels * tiled.outputs)
    let half = shares.count / 2, whole = (0..<half).map { shares[$0] + shares[half + $0] }
    var gradient = [Float](repeating: .nan, count: tiled.weights.count), form = tiled.form
    for rows in [0..<16, 16..<tiled.outputs] {
      quaver_tile_weight_gradients(shares, 2, &form, rows.lowerBound, rows.upperBound, &gradient)
    }
    expectEqual(tiled.matrices(of: tiled.weights), whole, tiled.weights, gradient, "weights")
  }

  /// The turned weights are those of the convolution that reads outputs and makes channels.
  @Test(arguments: [2, 3, 5]) func turnedWeightsAreThoseOfTheTurnedConvolution(taps: Int) {
    let tiled = TiledExample(Shape(taps: taps, padding: 0, lanes: 8, height: 7, width: 5)), all = taps * taps
    let (outputs, channels) = (tiled.outputs, tiled.channels)
    var turned = [Float](repeating: .nan, count: tiled.weights.count)
    for o in 0..<outputs {
      for c in 0..<channels {
        for tap in 0..<all {
          turned[(c * outputs + o) * all + all - 1 - tap] = tiled.weights[(o * channels + c) * all + tap]
        }
      }
    }
    var made = [Float](repeating: .nan, count: tiled.matrices * outputs * channels), expected = made
    var form = tiled.form, other = quaver_tiled_weights(taps: taps, outputs: channels, channels: outputs)
    for rows in [0..<8, 8..<outputs] {
      quaver_tile_turned_weights(tiled.weights, &form, rows.lowerBound, rows.upperBound, &made)
    }
    quaver_tile_weights(turned, &other, 0, channels, &expected)
    #expect(made == expected)
  }

  private static let networks = [2, 5, 3].map { taps in
    NetworkEntry(name: "\(taps)×\(taps)", title: "tiled", input: [32, 30, 47]) { net, classes in
      let x = net("conv", Convolution(48, kernel: taps, padding: 1), net.input)
      return net("head", Linear(classes), net("flat", Flatten(), x))
    }
  }

  /// One thread with several pieces, more threads than some have pieces, and pieces of several images, beside direct convolutions.
  @Test(arguments: networks, [1, 7]) func tilesAreDealtOutToAnyThreads(entry: NetworkEntry, threads: Int) async throws {
    try await Engine.run {
      try Parallel.with(threads: threads) {
        for batch in [1, 5] {
          let (kernels, direct) = try compareWithDirect(entry, batch: batch, PlanOptions(poisons: true))
          #expect(kernels.contains { $0.contains("wino") } && !direct.contains { $0.contains("wino") })
        }
      }
    }
  }

  @Test func otherTapsHaveNoTransform() {
    for taps in [0, 1, 4, 6, 7, 11] { #expect(quaver_tile_edge(taps) == 0 && quaver_tile_side(taps) == 0) }
  }
}

/// One image and one convolution of it, in whole numbers.
private struct TiledExample {
  let shape: TileTests.Shape
  let outputs: Int, channels: Int, rows: Int, columns: Int
  private var random = Numbers()
  private(set) var map: [Float] = [], weights: [Float] = [], bias: [Float] = []

  init(_ shape: TileTests.Shape) {
    self.shape = shape
    (outputs, channels) = (3 * shape.lanes, 2 * shape.lanes)
    let more = 2 * shape.padding - shape.taps + 1
    (rows, columns) = (shape.height + more, shape.width + more)
    map = numbers(channels * shape.height * shape.width)
    (weights, bias) = (numbers(outputs * channels * taps * taps), numbers(outputs))
  }

  mutating func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.next(17) - 8) } }

  var taps: Int { shape.taps }
  var form: quaver_tiled_weights { quaver_tiled_weights(taps: taps, outputs: outputs, channels: channels) }
  var matrices: Int { quaver_tile_edge(taps) * quaver_tile_edge(taps) }
  private var side: Int { quaver_tile_side(taps) }
  private var across: Int { (columns + side - 1) / side }
  var tiles: Int { (rows + side - 1) / side * across }
  var result: Int { outputs * rows * columns }

  func place(_ o: Int, _ row: Int, _ column: Int) -> Int {
    ((o / shape.lanes * rows + row) * columns + column) * shape.lanes + o % shape.lanes
  }

  private var source: quaver_tiled_map {
    quaver_tiled_map(
      taps: taps, height: shape.height, width: shape.width, blocks: channels / shape.lanes, lanes: shape.lanes,
      across: across, padding: shape.padding)
  }

  private var target: quaver_tiled_map {
    quaver_tiled_map(
      taps: taps, height: rows, width: columns, blocks: outputs / shape.lanes, lanes: shape.lanes, across: across,
      padding: 0)
  }

  func matrices(of weights: [Float]) -> [Float] {
    var spread = [Float](repeating: .nan, count: matrices * channels * outputs), form = form
    quaver_tile_weights(weights, &form, 0, 8, &spread)
    quaver_tile_weights(weights, &form, 8, outputs, &spread)
    return spread
  }

  func gathered(_ spread: [Float]) -> [Float] {
    var made = [Float](repeating: .nan, count: result), target = target
    quaver_tile_outputs(spread, tiles * outputs, nil, &target, 0, tiles, &made)
    return made
  }

  /// In two pieces of tiles.
  func gradients(of map: [Float]) -> (spread: [Float], sums: [Float]) {
    var spread = [Float](repeating: .nan, count: matrices * tiles * outputs), target = target
    var sums = [Float](repeating: 1, count: outputs)
    for (first, count) in [(0, tiles / 2), (tiles / 2, tiles - tiles / 2)] {
      spread.withUnsafeMutableBufferPointer {
        guard let all = $0.baseAddress else { return }
        quaver_tile_output_gradients(map, &target, first, count, all + first * outputs, tiles * outputs, &sums)
      }
    }
    return (spread, sums)
  }

  /// In two pieces of tiles.
  func made(by weights: [Float]) -> [Float] {
    var made = [Float](repeating: .nan, count: result), (source, target) = (source, target)
    for (first, count) in [(0, tiles / 2), (tiles / 2, tiles - tiles / 2)] {
      var read = [Float](repeating: .nan, count: matrices * count * channels)
      quaver_tile_inputs(map, &source, first, count, &read, count * channels)
      var written = [Float](repeating: 0, count: matrices * count * outputs)
      for row in 0..<matrices * count {
        for c in 0..<channels {
          let x = read[row * channels + c], from = (row / count * channels + c) * outputs
          for o in 0..<outputs { written[row * outputs + o] += x * weights[from + o] }
        }
      }
      quaver_tile_outputs(written, count * outputs, bias, &target, first, count, &made)
    }
    return made
  }

  func plain(_ o: Int, _ row: Int, _ column: Int) -> Float {
    var sum = bias[o]
    for tap in 0..<taps * taps {
      let (y, x) = (row + tap / taps - shape.padding, column + tap % taps - shape.padding)
      guard (0..<shape.height).contains(y), (0..<shape.width).contains(x) else { continue }
      for c in 0..<channels {
        let pixel = (c / shape.lanes * shape.height + y) * shape.width + x
        sum += map[pixel * shape.lanes + c % shape.lanes] * weights[(o * channels + c) * taps * taps + tap]
      }
    }
    return sum
  }
}
