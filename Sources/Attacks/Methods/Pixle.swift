import Core
import Glibc
import Kernels
import NN

extension Attacks {
  static let pixle = Pixle()
}

/// Copies the pixels of a random patch to random places (Pomponi et al. 2022).
struct Pixle: Attack {
  let name = "pixle"
  let title = "Pixle"
  let isWhiteBox = false
  let knobs: [AttackKnob] = [.patch, .restarts, .iterations, .seed]
  let help = [
    "Copies the pixels of a random patch to random places of the image; ε has no say, only how many pixels move. Each "
      + "restart tries some patches and keeps the one that the label's probability falls most for; it ends at the first that misleads. "
      + "As torchattacks' Pixle with random mapping and the paper's patches of 20 to 50 pixels, 1 restart, 1 iteration.",
    "As in torchattacks: a patch that reaches over the edge is cut, no pixel goes to the last row or column, a first restart in "
      + "which nothing helps keeps its last try, and an image that the network gets wrong already is scrambled "
      + "all the same and may come out right (the paper's negative success rates).",
    "Departs from torchattacks, which takes a destination's x for its row and y for its column: here x is the column. On "
      + "square images and random places both have the same distribution. It also asks the network three times where "
      + "two answers are enough.",
  ]

  func cost(_ settings: AttackSettings) -> AttackCost {
    AttackCost(queries: settings.restarts * settings.iterations + 1)
  }

  @Engine func engine(_ settings: AttackSettings, _ network: Network, batch: Int) throws -> any AttackEngine {
    QuerySearch(network, batch: batch, rule: PixleRule(settings, network.entry.input))
  }
}

@Engine private final class PixleRule: QueryRule {
  private struct Search {
    /// Patches tried; −1 before the query about the image itself, which the first probability comes from.
    var tried = -1
    var probability = 0.0
    /// The patch of this restart to adopt.
    var best: Int?
    /// Whether any patch ever helped.
    var helped = false
  }

  private let settings: AttackSettings
  private let size: quaver_image
  private let stream: RandomStream
  private var searches: [Search] = []

  init(_ settings: AttackSettings, _ input: Shape) {
    self.settings = settings
    size = quaver_image(input)
    stream = RandomStream(seed: settings.seed, purpose: "attack.pixle")
  }

  func begin(_ work: AttackWork) {
    searches.removeAll(keepingCapacity: true)
    for _ in 0..<work.count { searches.append(Search()) }
  }

  func propose(_ n: Int, into candidate: UnsafeMutablePointer<Float>, _ work: AttackWork) {
    candidate.update(from: work.adversarial + n * work.elements, count: work.elements)
    guard searches[n].tried >= 0 else { return }
    scramble(n, patch: searches[n].tried, candidate, work)
  }

  func adopt(_ n: Int, into best: UnsafeMutablePointer<Float>, _ work: AttackWork) {
    guard let patch = searches[n].best else { return }
    scramble(n, patch: patch, best, work)
  }

  func judge(_ n: Int, _ logits: UnsafePointer<Float>, _ classes: Int, _ work: AttackWork) -> QueryAnswer {
    let label = work.labels[n], probability = exp(-CrossEntropy.value(logits, label: label, classes: classes))
    defer { searches[n].tried += 1 }
    let patch = searches[n].tried
    guard patch >= 0 else {
      searches[n].probability = probability
      return QueryAnswer(keeps: false, isDone: false)
    }
    work.efforts[n].queries += 1
    if patch.isMultiple(of: settings.iterations) { searches[n].best = nil }
    let misleads = Prediction.of(logits, classes) != label
    if probability < searches[n].probability || misleads {
      searches[n].probability = min(probability, searches[n].probability)
      (searches[n].best, searches[n].helped) = (patch, true)
    }
    let isLast = (patch + 1).isMultiple(of: settings.iterations)
    if isLast, !searches[n].helped { searches[n].best = patch }
    // A restart's best patch joins the image when the restart ends.
    return QueryAnswer(
      keeps: (isLast || misleads) && searches[n].best != nil,
      isDone: misleads || patch + 1 == settings.restarts * settings.iterations)
  }

  /// Scatters the pixels of a patch of the clean image over `image`.
  private func scramble(_ n: Int, patch: Int, _ image: UnsafeMutablePointer<Float>, _ work: AttackWork) {
    let random = stream.child(work.ids[n]).child(patch)
    let width = Int(size.width), height = Int(size.height)
    func side(_ draw: Int, _ range: ClosedRange<Int>) -> Int {
      range.lowerBound + random.integer(draw, below: range.count)
    }
    let x = random.integer(0, below: max(1, width - 1)), y = random.integer(1, below: max(1, height - 1))
    let columns = min(side(2, settings.patchWidth), width - x)
    let rows = min(side(3, settings.patchHeight), height - y)
    var size = size
    quaver_scatter(work.images + n * work.elements, image, &size, x, y, columns, rows, random.child(4).key)
  }
}

extension quaver_image {
  /// An input of any shape, as planes of rows.
  init(_ input: Shape) {
    let isMap = input.rank == 3
    self.init(
      channels: isMap ? input[0] : 1, height: isMap ? input[1] : 1, width: isMap ? input[2] : input.count)
  }
}
