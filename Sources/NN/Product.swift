import Core
import OneDNN

/// C = A·B of one shape by oneDNN, row-major: `rows`×`depth` times `depth`×`columns`, one product or several of matrices that follow
/// one another.
///
/// A primitive and not oneDNN's sgemm, whose packing buffers would be its own: this one's scratch is the plan's. Both are
/// 1.2 to 2 times as fast as OpenBLAS 0.3.21 on AVX-512 and not subject to OPENBLAS_CORETYPE.
@Engine final class Product {
  struct Form {
    var count = 1
    var rows: Int, columns: Int, depth: Int
    /// A is stored `depth`×`rows`; B is stored `columns`×`depth`.
    var turnsFirst = false, turnsSecond = false
    /// Floats from one row of A, as it is stored, to the next, and of C; 0 where nothing lies between.
    var firstStride = 0, resultStride = 0
    /// Copies B into the kernel's order at each run: as fast as sgemm where B has some hundred rows to serve, half as
    /// fast where A has few rows.
    var packs = false
    /// Rounds the factors to bf16.
    var rounds = false
  }

  private let handle: OpaquePointer

  /// - Parameter adds: C += A·B.
  init(_ form: Form, adds: Bool = false, node: String = "a matrix product") throws {
    var shape = quaver_product_shape(
      count: form.count, rows: form.rows, columns: form.columns, depth: form.depth, turned_a: form.turnsFirst,
      turned_b: form.turnsSecond,
      stride_a: form.firstStride, stride_c: form.resultStride, packs: form.packs, adds: adds, bf16: form.rounds)
    guard let handle = quaver_product_create(&shape) else {
      let number = form.count > 1 ? "\(form.count) products" : "a product"
      let what = "\(number) of \(form.rows)×\(form.depth) and \(form.depth)×\(form.columns)"
      throw NNError.unsupported(node: node, what: what)
    }
    self.handle = handle
  }

  isolated deinit { quaver_product_free(handle) }

  var scratchFloats: Int { (quaver_product_scratch_bytes(handle) + 3) / 4 }
  var kernel: String { String(cString: quaver_product_kernel(handle)) }

  func run(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    precondition(quaver_product_run(handle, a, b, c, scratch), "a matrix product failed")
  }
}

extension Product.Form {
  /// Rounding goes through both factors once, which small products (a linear layer of 32 images) do not earn back; nor, up to 256
  /// images, do those of a linear layer's weights turned (CNN-LSTM's `fc1` at 64: 100 to 280 ms against 40 in float32).
  fileprivate var roundingPays: Bool { min(rows, columns, depth) >= 64 && !(turnsFirst && turnsSecond) }
}

/// A product within a plan, with its scratch.
@Engine final class PlannedProduct {
  private let product: Product, adding: Product?
  private let scratch: Buffer

  /// - Parameter adds: whether `run` may be asked to add.
  init(_ form: Product.Form, _ site: Site, _ phase: Site.Phase, adds: Bool = false) throws {
    var form = form
    form.rounds = site.precision == .bf16 && form.roundingPays
    product = try Product(form, node: site.name)
    adding = adds ? try Product(form, adds: true, node: site.name) : nil
    scratch = site.scratch(max(product.scratchFloats, adding?.scratchFloats ?? 0), phase)
  }

  var kernel: String { product.kernel }

  func run(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, adding adds: Bool = false
  ) {
    guard adds else { return product.run(a, b, into: c, scratch: scratch.pointer) }
    guard let adding else { preconditionFailure("this product was not made to add") }
    adding.run(a, b, into: c, scratch: scratch.pointer)
  }
}
