import Lab

extension Fake {
  /// Three images of each emotion on a ring, and their attacked twins further in.
  static func embedding(_ wish: EmbeddingWish) -> RunEmbedding {
    func points(_ attack: Int?, _ radius: Float) -> [EmbeddedPoint] {
      (0..<21).map { index in
        let emotion = index / 3
        let (x, y) = ring[index]
        return EmbeddedPoint(
          utterance: "03a0\(index % 3)\(Array("WLEAFNT")[emotion])a", slice: index % 2, sliceNumber: index,
          emotion: emotion, prediction: attack == nil ? emotion : (emotion + 1) % 7, attack: attack, x: radius * x,
          y: radius * y)
      }
    }
    let hasAttack = wish.attack != nil
    return RunEmbedding(
      run: wish.run, part: .valid, node: "classifier.5", dimensions: 4096, emotions: emotions,
      attacks: hasAttack ? ["FGSM (ε 32/255)"] : [], points: points(nil, 10) + (hasAttack ? points(0, 4) : []),
      divergence: 0.71, trustworthiness: 0.97, perplexity: 30, loweredFrom: nil, iterations: 750,
      notes: ["21 slices of the validation part, split by utterance, 1 seed (0)"])
  }

  /// Roughly a circle, without a library of functions.
  private static let ring: [(Float, Float)] = (0..<21).map { index in
    let turn = Float(index) / 21 * 4
    let side = Int(turn), along = turn - Float(side)
    let corners: [(Float, Float)] = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]
    let (a, b) = (corners[side], corners[side + 1])
    return (a.0 + (b.0 - a.0) * along, a.1 + (b.1 - a.1) * along)
  }
}
