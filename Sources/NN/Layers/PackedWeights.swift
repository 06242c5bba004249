import Core
import OneDNN

/// A convolution's weights in the order that a primitive wants.
@Engine final class PackedWeights {
  private let weight: Parameter
  private let primitive: ConvolutionPrimitive
  private let scratch: Buffer
  private let folding: Arrangement?
  let buffer: Buffer?
  private var stamp = Tenancy.Stamp()

  /// How taps are arranged before they are packed, and where.
  typealias Arrangement = (taps: Folding, scratch: Buffer)

  init(_ weight: Parameter, for primitive: ConvolutionPrimitive, scratch: Buffer, folding: Arrangement?) {
    (self.weight, self.primitive, self.scratch, self.folding) = (weight, primitive, scratch, folding)
    precondition(folding == nil || !primitive.plainWeights, "folded taps need a place of their own")
    buffer = primitive.plainWeights ? nil : Buffer(floats: primitive.weightFloats)
  }

  var pointer: UnsafeMutablePointer<Float> { buffer?.pointer ?? weight.values }

  func serves(_ weight: Parameter, _ other: ConvolutionPrimitive, _ taps: Folding?) -> Bool {
    weight === self.weight && taps == folding?.taps
      && quaver_convolution_same_weights(primitive.handle, other.handle)
  }

  /// - Returns: whether there was something to do.
  fileprivate func pack(_ now: Tenancy.Stamp) -> Bool {
    guard let buffer, stamp != now else { return false }
    if let folding { folding.taps.fold(weights: weight.values, into: folding.scratch.pointer) }
    let plain = folding?.scratch.pointer ?? weight.values
    let done = quaver_convolution_pack(primitive.handle, plain, buffer.pointer, scratch.pointer)
    precondition(done, "packing the weights of \(weight.name) failed")
    stamp = now
    return true
  }
}

/// The packed weights of all convolutions of a plan, those that several of its sections read once. Within a pass they are only read;
/// where a block has lanes without a channel, oneDNN writes zeros there over the zeros that they hold.
@Engine final class WeightPacks {
  private var packs: [PackedWeights] = []

  func packed(
    _ weight: Parameter, for primitive: ConvolutionPrimitive, scratch: Buffer, folding: PackedWeights.Arrangement?
  ) -> PackedWeights {
    if let known = packs.first(where: { $0.serves(weight, primitive, folding?.taps) }) { return known }
    let made = PackedWeights(weight, for: primitive, scratch: scratch, folding: folding)
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

/// Detects that persistent memory of a plan is stale.
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
