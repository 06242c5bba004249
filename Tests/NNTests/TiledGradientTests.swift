import Core
import Kernels
import NN
import Testing

/// The weights' gradient by tiles beside plain sums, in whole numbers, of which both must make the same.
@Suite struct TiledGradientTests {
  /// Widths that fill no tile of 6 or 12 rows, factors that are shared by rows and by columns, and rows of several pieces.
  static let shapes = [
    (1, 1, 16, 16), (1, 5, 16, 48), (2, 23, 48, 16), (1, 31, 32, 112), (3, 50, 96, 64), (1, 400, 16, 32),
    (3, 267, 32, 16),
  ].map { StrassenTests.Shape(levels: 1, images: $0, rows: $1, depth: $2, columns: $3) }

  /// The shares 0 ..< `shares` of a gradient, each in a room of its own.
  private static func gradient(
    _ shape: StrassenTests.Shape, _ x: [Float], _ dy: [Float], shares: Int
  ) -> [Float] {
    var sizes = quaver_weight_sizes(
      rows: shape.images * shape.rows, depth: shape.depth, columns: shape.columns)
    let count = shape.depth * shape.columns, made = Room(count)
    for share in 0..<shares {
      let room = Room(quaver_weight_room_floats(&sizes, shares))
      quaver_weight_gradient(x, dy, &sizes, share, shares, room.floats, made.floats)
      #expect(room.isWhole && made.isWhole, "written past its end")
    }
    return values(made.floats, count)
  }

  /// And shares change not a bit, of fractions neither.
  @Test(arguments: shapes) func aGradientIsThePlainOne(shape: StrassenTests.Shape) {
    let example = Example(shape), plain = example.plainGradient()
    let thirds = example.a.map { $0 / 3 }
    var sizes = quaver_weight_sizes(rows: 1, depth: shape.depth, columns: shape.columns)
    let most = quaver_weight_shares(&sizes)
    let whole = Self.gradient(shape, thirds, example.dy, shares: 1)
    for shares in Set([1, 2, 3, most]).filter({ $0 <= most }) {
      #expect(Self.gradient(shape, example.a, example.dy, shares: shares) == plain, "\(shares) shares")
      #expect(Self.gradient(shape, thirds, example.dy, shares: shares) == whole, "\(shares) shares")
    }
  }

  private static func entry(_ width: Int, _ outputs: Int) -> NetworkEntry {
    NetworkEntry(name: "\(width) to \(outputs)", title: "linear", input: [50, width]) { net, classes in
      let y = net("first", Linear(outputs), net.input)
      return net("head", Linear(classes), net("flat", Flatten(), y))
    }
  }

  @Test(arguments: [(256, 288), (288, 256)]) func aLayerGoesByTiles(width: Int, outputs: Int) async throws {
    try await Engine.run {
      let entry = Self.entry(width, outputs)
      let (kernels, direct) = try compareWithDirect(entry, batch: 7, PlanOptions(algorithm: .fast))
      // Strassen's sums beside ours.
      #expect(direct.contains("tiles") && kernels.contains("strassen×1") && !kernels.contains("tiles"))
    }
  }

  /// A small factor, a large one, a width of no whole tiles, and, of two images, few rows.
  @Test(arguments: [(192, 192, 7), (768, 768, 7), (264, 256, 7), (256, 288, 2)])
  func whatDoesNotPayIsTheLibrarys(width: Int, outputs: Int, batch: Int) async throws {
    try await Engine.run {
      let options = PlanOptions(algorithm: .direct)
      let (_, direct) = try compareWithDirect(Self.entry(width, outputs), batch: batch, options)
      #expect(!direct.contains("tiles"))
    }
  }
}
