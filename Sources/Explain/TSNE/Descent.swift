/// Gradient descent with momentum and a gain for each coordinate (Jacobs 1988, as in van der Maaten and Hinton 2008).
final class Descent {
  let gradient: Gradient
  private let x: Coordinate
  private let y: Coordinate
  /// Longest step of a point in one iteration; early exaggeration with a large rate may overshoot otherwise.
  private static let longestStep: Float = 5

  private struct Coordinate {
    let update: Storage<Float>
    let gain: Storage<Float>

    init(_ count: Int) throws {
      update = try Storage(count)
      gain = try Storage(count)
      reset()
    }

    func reset() {
      update.base.update(repeating: 0, count: update.count)
      gain.base.update(repeating: 1, count: gain.count)
    }

    /// Moves the gain up where the gradient keeps its sign (the update is against it), down where it turns.
    func step(_ i: Int, _ gradient: Float, _ phase: Phase) -> Float {
      let turned = (gradient > 0) == (update.base[i] > 0)
      let gain = max(0.01, turned ? self.gain.base[i] * 0.8 : self.gain.base[i] + 0.2)
      self.gain.base[i] = gain
      return phase.momentum * update.base[i] - phase.learningRate * gain * gradient
    }
  }

  struct Phase {
    let exaggeration: Float
    let momentum: Float
    let learningRate: Float
  }

  /// - Throws: `CoreError.outOfMemory`.
  init(_ gradient: Gradient) throws {
    self.gradient = gradient
    x = try Coordinate(gradient.affinities.count)
    y = try Coordinate(gradient.affinities.count)
  }

  /// Forgets momentum and gains, which belong to the forces of one phase.
  func beginPhase() {
    x.reset()
    y.reset()
  }

  /// One iteration; the embedding stays centred.
  func step(_ phase: Phase) {
    gradient.compute()
    let (pointsX, pointsY, count) = (gradient.x.base, gradient.y.base, gradient.affinities.count)
    var (sumX, sumY) = (0.0, 0.0)
    for i in 0..<count {
      let slope = gradient.value(at: i, exaggeration: phase.exaggeration)
      var (dx, dy) = (x.step(i, slope.x, phase), y.step(i, slope.y, phase))
      let length = (dx * dx + dy * dy).squareRoot()
      if length > Self.longestStep { (dx, dy) = (dx * Self.longestStep / length, dy * Self.longestStep / length) }
      (x.update.base[i], y.update.base[i]) = (dx, dy)
      pointsX[i] += dx
      pointsY[i] += dy
      (sumX, sumY) = (sumX + Double(pointsX[i]), sumY + Double(pointsY[i]))
    }
    let (meanX, meanY) = (Float(sumX / Double(count)), Float(sumY / Double(count)))
    for i in 0..<count {
      pointsX[i] -= meanX
      pointsY[i] -= meanY
    }
  }
}
