import Lab

extension Fake {
  /// A chirp whose attacked twin is brighter and taken for another emotion.
  static func explanation(_ request: ExplainRequest) -> Explanation {
    let side = 224
    func image(_ shift: Int, _ likely: Int) -> ExplainedImage {
      let levels = (0..<side * side).map { place -> UInt8 in
        let (row, column) = (place / side, place % side)
        return UInt8(max(0, min(255, 220 - 4 * abs(row - column) + shift * (row % 3))))
      }
      let attention = (0..<side * side).map { place -> Float in
        let (row, column) = (place / side - 60 - shift, place % side - 100)
        return 1 / (1 + Float(row * row + column * column) / 900)
      }
      return ExplainedImage(
        levels: levels, distances: shift == 0 ? [] : Array(repeating: 0.02, count: side * side),
        logits: emotions.indices.map { $0 == likely ? 3 : Float($0) / 7 }, attention: attention)
    }
    let bands = AttentionBands(
      names: ["0–4 kHz", "4–8 kHz"], rows: [0..<112, 112..<224], intervalNames: ["0–1 s"], columns: [0..<224])
    var explanation = Explanation(
      request: request, emotions: emotions, truth: 4, sliceNumber: 11, sliceCount: 3, time: 0.5...1.5,
      rowValues: (0..<side).map { Double($0) * 8000 / Double(side) }, rowUnit: "Hz", bands: bands, clean: image(0, 4),
      seconds: 0.042)
    if let attack = request.attack {
      explanation.attacked = image(6, 1)
      explanation.perturbation = Perturbation(
        linf: attack.settings.epsilon, l2: 3.21, signalToNoise: 24.5, gradientEvaluations: 2, queries: 0)
    }
    return explanation
  }

  /// Two emotions, whose attention an attack moves upwards, the second one's farther.
  static func attention(_ wish: AttentionWish) -> AttentionReport {
    let side = 224
    func map(_ row: Int) -> [Float] {
      (0..<side * side).map { place in
        let (dy, dx) = (place / side - row, place % side - 100)
        return 0.4 / (1 + Float(dx * dx + dy * dy) / 900)
      }
    }
    let attacks = wish.attacks.map { "\(Scrub.title($0.attack)) (ε 32/255)" }
    let classes = [0, 4].map { emotion in
      ClassAttention(
        emotion: emotion, images: 10 + emotion, levels: map(80).map { $0 * 500 }, clean: map(60),
        attacked: attacks.indices.map { map(70 + 10 * $0 + 5 * emotion) })
    }
    let all = attacks.indices.reversed().map { attack in
      AttentionRow(
        attack: attack, emotion: nil, images: 24, cleanAccuracy: 0.9, attackedAccuracy: 0.3, rankCorrelation: 0.6,
        overlap: 0.5, frequencyShift: 0.2, timeShift: 0.1, blank: 0)
    }
    let byClass = classes.reversed().flatMap { one in
      attacks.indices.map { attack in
        AttentionRow(
          attack: attack, emotion: one.emotion, images: one.images, cleanAccuracy: 0.9, attackedAccuracy: 0.25,
          rankCorrelation: 0.8 - 0.1 * Double(one.emotion), overlap: 0.5, frequencyShift: 0.2, timeShift: 0.1, blank: 0)
      }
    }
    return AttentionReport(
      run: wish.run, part: wish.part, node: wish.node ?? "features.11", method: wish.method, emotions: emotions,
      attacks: attacks, rowValues: (0..<side).map { Double($0) }, rowUnit: "Hz", classes: classes, rows: all + byClass,
      notes: ["24 slices of the \(wish.part.words) part"])
  }
}
