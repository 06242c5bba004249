import Core
import Kernels
import NN
import Testing

/// Strassen's products beside plain sums, in whole numbers, of which both must make the same.
@Suite struct StrassenTests {
  struct Shape: CustomTestStringConvertible {
    let levels: Int, images: Int, rows: Int, depth: Int, columns: Int
    var testDescription: String { "\(levels) of \(images)×\(rows)×\(depth) by \(depth)×\(columns)" }
    var form: quaver_strassen {
      quaver_strassen(levels: levels, rows: rows, depth: depth, columns: columns, streams: false)
    }
  }

  /// Blocks of 16, 32, 48 and 64 columns and of several panels, and rows that do not fill blocks or tiles.
  static let shapes: [Shape] = [1, 2].flatMap { levels in
    let shapes = [
      (1, 4, 16, 16), (2, 13, 48, 32), (3, 5, 32, 48), (1, 31, 16, 192), (2, 7, 96, 64), (1, 50, 16, 96),
      (2, 9, 48, 48), (1, 6, 80, 160), (2, 14, 64, 96),
    ]
    return shapes.map {
      Shape(levels: levels, images: $0, rows: $1, depth: $2 << levels, columns: $3 << levels)
    }
  }

  @Test(arguments: shapes, [true, false]) func aProductIsThePlainOne(shape: Shape, turns: Bool) {
    let example = Example(shape)
    for isAdding in [false, true] {
      for bias in [example.bias, nil] {
        let made = example.product(turns: turns, bias: bias, adding: isAdding)
        #expect(made == example.plain(bias: bias, adding: isAdding), "adding \(isAdding), bias \(bias != nil)")
        #expect(example.product(turns: turns, bias: bias, adding: isAdding, streams: true) == made)
      }
    }
  }

  /// Gradients go by one level, whatever the form says.
  @Test(arguments: shapes) func aGradientIsThePlainOne(shape: Shape) {
    let example = Example(shape), plain = example.plainGradient()
    var form = shape.form
    let most = quaver_strassen_shares(&form)
    for shares in Set([1, 2, 3, most]).filter({ $0 <= most }) {
      for piece in 1...2 { #expect(example.gradient(shares: shares, piece: piece) == plain, "\(shares) \(piece)") }
    }
  }

  private static let layers = [(64, 96), (128, 64), (96, 480)].map { width, outputs in
    NetworkEntry(name: "\(width) to \(outputs)", title: "linear", input: [45, width]) { net, classes in
      let y = net("first", Linear(width), net.input)
      return net("head", Linear(classes), net("flat", Flatten(), net("second", Linear(outputs), y)))
    }
  }

  @Test(arguments: layers, [1, 3]) func imagesAreDealtOutToAnyThreads(entry: NetworkEntry, threads: Int) async throws {
    try await Engine.run {
      try Parallel.with(threads: threads) {
        for batch in [6, 7] {
          let options = PlanOptions(algorithm: .fast, poisons: true)
          let (kernels, direct) = try compareWithDirect(entry, batch: batch, options)
          // With more threads than a narrow layer has panels the weights' gradients are direct.
          let gradients = threads == 1 ? 2 : entry.name == "96 to 480" ? 1 : 0
          #expect(kernels.count { $0.contains("strassen") } == 4 + gradients)
          #expect(!direct.contains { $0.contains("strassen") })
        }
      }
    }
  }

  /// What an image's neighbours are, how many, and where it lies changes not a bit of it.
  @Test(arguments: layers) func anImageIsComputedAlone(entry: NetworkEntry) async throws {
    try await Engine.run {
      try Parallel.with(threads: 2) {
        let network = try Network.random(entry)
        var found: [[Float]] = []
        for (batch, scale) in [(8, Float(1)), (8, 1e6), (11, 3)] {
          let plan = try network.plan(
            batch: batch, demand: .inference, options: PlanOptions(algorithm: .fast, pin: "second"))
          let image = plan.inputCount / batch, places = [0, batch / 2, batch - 1]
          for i in 0..<plan.inputCount {
            plan.input[i] = Float(i % image % 23) / 23 * (places.contains(i / image) ? 1 : scale * Float(i / image))
          }
          plan.forward()
          let result = plan.pinnedShape.count
          found += places.map { values(plan.pinned + $0 * result, result) }
        }
        #expect(found.allSatisfy { $0 == found[0] })
      }
    }
  }

  /// Lanes of four and five images decide alike.
  @Test func allLanesComputeByTheSameLevels() async throws {
    try await Engine.run {
      try Parallel.with(threads: 2) {
        let entry = NetworkEntry(name: "one", title: "one", input: [197, 768]) { net, _ in
          net("layer", Linear(3072), net.input)
        }
        let plan = try Network.random(entry).plan(batch: 9, demand: .inference)
        let kernels = plan.profile.flatMap(\.kernels).filter { $0.contains("strassen") }
        #expect(plan.laneCount == 2 && kernels == (quaver_strassen_is_wide() ? ["strassen×1"] : []))
      }
    }
  }

  @Engine private static func kernels(
    _ rows: Int, _ width: Int, _ outputs: Int, _ options: PlanOptions = PlanOptions()
  ) throws -> [String] {
    let entry = NetworkEntry(name: "one", title: "one", input: [rows, width]) { net, _ in
      net("layer", Linear(outputs), net.input)
    }
    let plan = try Network.random(entry).plan(batch: 8, demand: .both, options: options)
    return plan.profile.flatMap(\.kernels).filter { $0.contains("strassen") }
  }

  /// Few columns, a width that cannot be cut, few rows, no AVX-512: where nothing is saved the library computes.
  @Test func whatSavesNothingIsDirect() async throws {
    try await Engine.run {
      try Parallel.with(threads: 2) {
        let large = try Self.kernels(200, 768, 1536), narrow = try Self.kernels(200, 64, 64)
        let uneven = try Self.kernels(200, 776, 1544),
          few = try Self.kernels(8, 768, 1536, PlanOptions(algorithm: .fast))
        let direct = try Self.kernels(200, 768, 1536, PlanOptions(algorithm: .direct))
        #expect(large == (quaver_strassen_is_wide() ? ["strassen×2", "strassen×2", "strassen×1"] : []))
        #expect(narrow.isEmpty && uneven.isEmpty && few.isEmpty && direct.isEmpty)
      }
    }
  }
}

/// Floats at a line's begin, NaN at first, with some behind them that nobody may write.
final class Room {
  let floats: UnsafeMutablePointer<Float>
  private let count: Int

  init(_ count: Int) {
    self.count = count
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: 4 * (count + 64), alignment: 64)
    floats = bytes.initializeMemory(as: Float.self, repeating: .nan, count: count + 64)
    (floats + count).update(repeating: 7, count: 64)
  }

  deinit { floats.deallocate() }

  var isWhole: Bool { (0..<64).allSatisfy { floats[count + $0] == 7 } }
}

/// Factors of whole numbers.
struct Example {
  let shape: StrassenTests.Shape
  private(set) var a: [Float] = [], b: [Float] = [], dy: [Float] = [], bias: [Float] = [], before: [Float] = []

  init(_ shape: StrassenTests.Shape) {
    self.shape = shape
    var random = Numbers()
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.next(17) - 8) } }
    a = numbers(shape.images * shape.rows * shape.depth)
    b = numbers(shape.depth * shape.columns)
    dy = numbers(shape.images * shape.rows * shape.columns)
    (bias, before) = (numbers(shape.columns), numbers(dy.count))
  }

  /// The weights' sums in two parts, all images at once. A result that streams lies at a line's begin.
  func product(turns: Bool, bias: [Float]?, adding: Bool, streams: Bool = false) -> [Float] {
    var form = shape.form
    form.streams = streams
    let (depth, columns) = (shape.depth, shape.columns)
    let weights = turns ? (0..<b.count).map { b[$0 % depth * columns + $0 / depth] } : b
    let factor = Room(quaver_strassen_factor_floats(&form))
    let steps = quaver_strassen_steps(&form)
    for part in [0..<steps / 2, steps / 2..<steps] {
      quaver_strassen_factor(weights, turns, &form, part.lowerBound, part.upperBound, factor.floats)
    }
    let room = Room(quaver_strassen_room_floats(&form, shape.images)), made = Room(before.count)
    made.floats.update(from: before, count: before.count)
    quaver_strassen_run(a, factor.floats, bias, &form, shape.images, adding, made.floats, room.floats)
    #expect(factor.isWhole && room.isWhole && made.isWhole, "written past its end")
    return values(made.floats, before.count)
  }

  func plain(bias: [Float]?, adding: Bool) -> [Float] {
    let (depth, columns) = (shape.depth, shape.columns)
    var made = adding ? before : [Float](repeating: 0, count: before.count)
    for row in 0..<shape.images * shape.rows {
      for i in 0..<depth {
        let x = a[row * depth + i]
        for j in 0..<columns { made[row * columns + j] += x * b[i * columns + j] }
      }
      if let bias { for j in 0..<columns { made[row * columns + j] += bias[j] } }
    }
    return made
  }

  func gradient(shares: Int, piece: Int) -> [Float] {
    var form = shape.form
    let made = Room(b.count)
    for share in 0..<shares {
      let room = Room(quaver_strassen_share_floats(&form, shares, piece))
      quaver_strassen_gradient(a, dy, &form, shape.images, piece, share, shares, room.floats, made.floats)
      #expect(room.isWhole && made.isWhole, "written past its end")
    }
    return values(made.floats, b.count)
  }

  func plainGradient() -> [Float] {
    let (depth, columns) = (shape.depth, shape.columns)
    var made = [Float](repeating: 0, count: b.count)
    for row in 0..<shape.images * shape.rows {
      for j in 0..<columns {
        let y = dy[row * columns + j]
        for i in 0..<depth { made[j * depth + i] += y * a[row * depth + i] }
      }
    }
    return made
  }
}
