import Core
import Kernels
import NN

/// What EOT may do to an image before it takes the gradient; all are linear, so that the gradient is mapped back by
/// their transpose.
package enum InputTransform: String, CaseIterable, Codable, Sendable {
  case shift, mask, gain

  package var help: String {
    switch self {
    case .shift: "shift rolls the columns by up to a tenth of the width, either way"
    case .mask: "mask sets up to a tenth of the columns to 0"
    case .gain: "gain multiplies all values by a number in [0.8, 1.2]"
    }
  }
}

/// The random networks of EOT: what is drawn, and the mean of their gradients.
@Engine final class Draws {
  /// Gradients a step; one where nothing is random.
  let count: Int
  let dropout: Bool
  let transforms: Bool
  /// Floats of a batch of images, and of one.
  private let floats: Int, elements: Int
  private var memory: Arena?
  private let shifts: Bool, masks: Bool, gains: Bool
  private let width: Int
  private let seed: UInt64
  private let stream: RandomStream

  init(_ settings: AttackSettings, _ network: Network, batch: Int) throws {
    let input = network.entry.input
    let settings = settings.read(by: network.entry)
    dropout = settings.dropout
    shifts = settings.transforms.contains(.shift)
    masks = settings.transforms.contains(.mask)
    gains = settings.transforms.contains(.gain)
    transforms = !settings.transforms.isEmpty
    count = Self.count(settings)
    width = input[input.rank - 1]
    (floats, elements) = (batch * input.count, input.count)
    stream = RandomStream(seed: settings.seed, purpose: "attack.eot")
    seed = stream.key
  }

  nonisolated static func count(_ settings: AttackSettings) -> Int {
    settings.dropout || !settings.transforms.isEmpty ? settings.eotIterations : 1
  }

  /// Whether several draws of a step differ in dropout and nothing else.
  var areMasksAlone: Bool { dropout && !transforms && count > 1 }

  var isRandom: Bool { dropout || transforms }

  /// - Parameter ids: on which the masks depend.
  func mode(_ draw: Int, _ ids: [Int]) -> Mode {
    Mode(batchStatistics: false, dropout: dropout ? DropoutKey(seed: seed, step: draw, samples: ids) : nil)
  }

  /// What draw `draw` does to image `id`.
  func transform(_ draw: Int, _ id: Int) -> quaver_transform {
    let random = stream.child(draw).child(id), most = max(1, width / 10)
    let shift = shifts ? random.integer(0, below: 2 * most + 1) - most : 0
    let masked = masks ? random.integer(1, below: most + 1) : 0
    let start = random.integer(2, below: width - masked + 1)
    return quaver_transform(
      columns: width, shift: (shift + width) % width, mask_first: start, mask_last: start + masked,
      gain: gains ? 0.8 + 0.4 * random.uniform(3) : 1)
  }

  /// Writes the batch, transformed, into the plan.
  func fill(_ plan: Plan, _ draw: Int, _ work: AttackWork) {
    guard transforms else { return plan.fill(work.adversarial, work.elements) }
    let input = plan.input
    Parallel.forEach(work.count) { range in
      for n in range {
        var transform = transform(draw, work.ids[n])
        quaver_apply_transform(
          work.adversarial + n * work.elements, input + n * work.elements, work.elements, &transform)
      }
    }
  }

  /// Σ of the gradients [batch, 3, 224, 224], made at first use; its scale does not matter to any rule.
  ///
  /// - Throws: `CoreError.outOfMemory`.
  func sum() throws -> ImageGradients {
    let arena = try memory ?? Arena(count: floats)
    memory = arena
    return ImageGradients(together: arena.base, size: elements)
  }

  /// Adds the plan's gradient, mapped back, to the sum; the first draw of a step begins it.
  func collect(_ plan: Plan, _ draw: Int, _ work: AttackWork, isFirst: Bool) {
    guard let sum = memory?.base else { preconditionFailure("nobody has asked for the sum") }
    let gradient = plan.inputGradient
    Parallel.forEach(work.count) { range in
      for n in range {
        let to = sum + n * work.elements, from = gradient[n]
        if isFirst { to.update(repeating: 0, count: work.elements) }
        if transforms {
          var transform = transform(draw, work.ids[n])
          quaver_transpose_transform(from, to, work.elements, &transform)
        } else {
          quaver_add(from, to, work.elements)
        }
      }
    }
  }
}

extension AttackSettings {
  /// As they come out on a network: without dropout where it has none.
  package func read(by entry: NetworkEntry) -> AttackSettings {
    var settings = self
    settings.dropout = dropout && entry.hasDropout
    return settings
  }
}
