import Core
import OneDNN

/// The order in which a kernel wants a convolution's weights.
@Engine protocol WeightOrder {
  var floats: Int { get }
  func arrange(_ weights: UnsafeMutablePointer<Float>, into ordered: UnsafeMutablePointer<Float>)
  /// Whether what `other` makes of the same weights serves this kernel too.
  func isSame(as other: any WeightOrder) -> Bool
}

/// That of a primitive.
@Engine struct PrimitiveOrder: WeightOrder {
  private let primitive: ConvolutionPrimitive
  /// The layer's.
  private let scratch: Buffer

  /// Nil where the primitive takes weights as they are.
  init?(_ primitive: ConvolutionPrimitive, scratch: Buffer) {
    guard !primitive.plainWeights else { return nil }
    (self.primitive, self.scratch) = (primitive, scratch)
  }

  var floats: Int { primitive.weightFloats }

  func arrange(_ weights: UnsafeMutablePointer<Float>, into ordered: UnsafeMutablePointer<Float>) {
    let done = quaver_convolution_pack(primitive.handle, weights, ordered, scratch.pointer)
    precondition(done, "packing a convolution's weights failed")
  }

  func isSame(as other: any WeightOrder) -> Bool {
    guard let other = other as? Self else { return false }
    return quaver_convolution_same_weights(primitive.handle, other.primitive.handle)
  }
}

/// A convolution's weights in the order that its kernel wants.
@Engine final class PackedWeights {
  private let weight: Parameter
  private let order: (any WeightOrder)?
  let buffer: Buffer?
  private var stamp = Tenancy.Stamp()

  /// - Parameter order: nil: as they are.
  init(_ weight: Parameter, as order: (any WeightOrder)?) {
    (self.weight, self.order) = (weight, order)
    buffer = order.map { Buffer(floats: $0.floats) }
  }

  var pointer: UnsafeMutablePointer<Float> { buffer?.pointer ?? weight.values }

  func serves(_ weight: Parameter, _ other: (any WeightOrder)?) -> Bool {
    guard weight === self.weight else { return false }
    guard let order, let other else { return order == nil && other == nil }
    return order.isSame(as: other)
  }

  /// - Returns: whether there was something to do.
  fileprivate func pack(_ now: Tenancy.Stamp) -> Bool {
    guard let order, let buffer, stamp != now else { return false }
    order.arrange(weight.values, into: buffer.pointer)
    stamp = now
    return true
  }
}

/// The packed weights of all convolutions of a plan, those that several of its sections read once. Within a pass they are only read;
/// where a block has lanes without a channel, oneDNN writes zeros there over the zeros that they hold.
@Engine final class WeightPacks {
  private var packs: [PackedWeights] = []

  func packed(_ weight: Parameter, as order: (any WeightOrder)?) -> PackedWeights {
    if let known = packs.first(where: { $0.serves(weight, order) }) { return known }
    let made = PackedWeights(weight, as: order)
    packs.append(made)
    return made
  }

  var buffers: [Buffer] { packs.compactMap(\.buffer) }
  var floats: Int { buffers.reduce(0) { $0 + $1.count } }

  /// Packs what has changed since. A packing's scratch is that of the layer, free before a pass.
  ///
  /// - Returns: whether anything had.
  func refresh(_ now: Tenancy.Stamp) -> Bool {
    var packed = false
    for pack in packs where pack.pack(now) { packed = true }
    return packed
  }
}

/// Detects that packed weights are no longer those of the network, or no longer in memory.
@Engine package final class Tenancy {
  /// Grows with every change of the network's parameters.
  package internal(set) var parameters = 0
  /// Grows when another plan has used the memory.
  package internal(set) var memory = 0

  struct Stamp: Equatable {
    var parameters = -1, memory = -1
  }

  var stamp: Stamp { Stamp(parameters: parameters, memory: memory) }
}
