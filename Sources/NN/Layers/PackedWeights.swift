import Core
import OneDNN

/// A convolution's weights in the order that a primitive wants.
@Engine final class PackedWeights {
  private let weight: Parameter
  private let primitive: ConvolutionPrimitive
  private let scratch: Buffer
  let buffer: Buffer?
  private var stamp = Tenancy.Stamp()

  init(_ weight: Parameter, for primitive: ConvolutionPrimitive, scratch: Buffer) {
    (self.weight, self.primitive, self.scratch) = (weight, primitive, scratch)
    buffer = primitive.plainWeights ? nil : Buffer(floats: primitive.weightFloats)
  }

  var pointer: UnsafeMutablePointer<Float> { buffer?.pointer ?? weight.values }

  func serves(_ weight: Parameter, _ other: ConvolutionPrimitive) -> Bool {
    weight === self.weight && quaver_convolution_same_weights(primitive.handle, other.handle)
  }

  /// - Returns: whether there was something to do.
  fileprivate func pack(_ now: Tenancy.Stamp) -> Bool {
    guard let buffer, stamp != now else { return false }
    let done = quaver_convolution_pack(primitive.handle, weight.values, buffer.pointer, scratch.pointer)
    precondition(done, "packing the weights of \(weight.name) failed")
    stamp = now
    return true
  }
}

/// The packed weights of all convolutions of a plan, those that several of its sections read once. Within a pass they are only read;
/// where a block has lanes without a channel, oneDNN writes zeros there over the zeros that they hold.
@Engine final class WeightPacks {
  private var packs: [PackedWeights] = []

  func packed(_ weight: Parameter, for primitive: ConvolutionPrimitive, scratch: Buffer) -> PackedWeights {
    if let known = packs.first(where: { $0.serves(weight, primitive) }) { return known }
    let made = PackedWeights(weight, for: primitive, scratch: scratch)
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
