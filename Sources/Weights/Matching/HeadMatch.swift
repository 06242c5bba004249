/// The last layers of a match.
extension WeightMatch {
  /// The layer that every published network gets behind its own classifier, as the paper counts it.
  private static let ours = "ser_head"

  mutating func applyHead(_ rule: HeadRule, wanted: [WantedTensor], naming: NameSearch.Naming, file: WeightFile) {
    let weight = wanted.last { $0.name == "\(Self.ours).weight" }
    switch (rule, weight) {
    case (.append, let weight?): appendHead(weight, file: file)
    case (.append, nil): break
    case (.replace, let weight?):
      replaceClassifier(Self.classifiers(wanted, width: weight.shape[1]), ours: weight, naming: naming, file: file)
    case (.replace, nil):
      // A network of our own: its last layer is the last of the list.
      guard let layer = wanted.last.map({ Self.layer(of: $0.name) }) else { return }
      startFresh([layer])
    }
  }

  /// Takes `ser_head` from the file by its name or, as "1.weight" in Sequential(network, Linear), by being the only
  /// linear layer of its shape that nothing else wants.
  private mutating func appendHead(_ weight: WantedTensor, file: WeightFile) {
    guard missing.contains(weight) else { return }
    if let layer = onlySpareLayer(weight.shape, file: file) {
      for tensor in missing where Self.layer(of: tensor.name) == Self.ours {
        let part = tensor.name.dropFirst(Self.ours.count)
        matched.append(Pair(wanted: tensor, source: .whole("\(layer)\(part)")))
      }
      missing.removeAll { Self.layer(of: $0.name) == Self.ours }
      consume(layer, file: file)
    } else {
      startFresh([Self.ours])
    }
  }

  private mutating func replaceClassifier(
    _ layers: [String], ours: WantedTensor, naming: NameSearch.Naming, file: WeightFile
  ) {
    let isWhole = layers.allSatisfy { layer in matched.contains { $0.wanted.name == "\(layer).weight" } }
    if isWhole { return startFresh([Self.ours]) }
    let replacements = layers.map { layer in replacement(of: layer, naming: naming, file: file) }
    let carried = replacements.map { layer in
      layer.flatMap { file.tensors["\($0).weight"]?.shape[0] == ours.shape[0] ? $0 : nil }
    }
    let tensors = (layers + [Self.ours]).flatMap { layer in take(layer) }
    for layer in replacements.compactMap(\.self) { consume(layer, file: file) }
    guard carried.allSatisfy({ $0 != nil }) else { return fresh += tensors }
    for tensor in tensors {
      let layer = Self.layer(of: tensor.name)
      let part = tensor.name.dropFirst(layer.count)
      let source: WeightSource =
        if let place = layers.firstIndex(of: layer), let from = carried[place] {
          .padded("\(from)\(part)")
        } else {
          part == ".weight" ? .identity : .zeros
        }
      matched.append(Pair(wanted: tensor, source: source))
    }
  }

  /// The file's layer in the place of our classifier `layer`: of the same name, or the only spare one.
  private func replacement(of layer: String, naming: NameSearch.Naming, file: WeightFile) -> String? {
    let classifier = (wrongShape.map(\.wanted) + missing).first { $0.name == "\(layer).weight" }
    guard let width = classifier?.shape.last else { return nil }
    let source = Self.layer(of: naming.sources(of: "\(layer).weight")[0])
    return Self.isLayer(source, [nil, width], file) ? source : onlySpareLayer([nil, width], file: file)
  }

  // MARK: Pieces

  private static func layer(of name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }

  /// Layers that end in as many classes as `ser_head` reads: the published classifiers (LeViT has two).
  private static func classifiers(_ wanted: [WantedTensor], width: Int) -> [String] {
    wanted.filter { $0.shape.count == 2 && $0.shape[0] == width && $0.name.hasSuffix(".weight") }
      .map { layer(of: $0.name) }
  }

  /// Whether the file has a weight of `shape` (nil: any number of rows) and a bias to it under the name `layer`.
  private static func isLayer(_ layer: String, _ shape: [Int?], _ file: WeightFile) -> Bool {
    guard let weight = file.tensors["\(layer).weight"], let bias = file.tensors["\(layer).bias"],
      weight.isFloating, bias.isFloating, weight.shape.count == shape.count, bias.shape == [weight.shape[0]]
    else { return false }
    return zip(weight.shape, shape).allSatisfy { $1 == nil || $0 == $1 }
  }

  /// The only linear layer of `shape` in the file that fills nothing yet.
  private func onlySpareLayer(_ shape: [Int?], file: WeightFile) -> String? {
    let used = Set(matched.flatMap(\.source.names))
    let layers = file.tensors.keys.filter { $0.hasSuffix(".weight") && !used.contains($0) }
      .map { Self.layer(of: $0) }.filter { Self.isLayer($0, shape, file) }
    return layers.count == 1 ? layers[0] : nil
  }

  /// The file's layer is accounted for.
  private mutating func consume(_ layer: String, file: WeightFile) {
    for name in ["\(layer).weight", "\(layer).bias"] where file.tensors[name] != nil {
      if let place = leftOver.firstIndex(of: name) {
        leftOver.remove(at: place)
      } else if !name.hasPrefix(prefix) {
        outside -= 1
      }
    }
  }

  /// Takes the tensors of `layer` out of what is missing, matched or of another shape.
  private mutating func take(_ layer: String) -> [WantedTensor] {
    func belongs(_ tensor: WantedTensor) -> Bool { Self.layer(of: tensor.name) == layer }
    let taken =
      missing.filter(belongs) + wrongShape.map(\.wanted).filter(belongs) + matched.map(\.wanted).filter(belongs)
    missing.removeAll(where: belongs)
    wrongShape.removeAll { belongs($0.wanted) }
    matched.removeAll { belongs($0.wanted) }
    return taken
  }

  /// What of `layers` the file does not fill starts at the network's initial values.
  private mutating func startFresh(_ layers: [String]) {
    func belongs(_ tensor: WantedTensor) -> Bool { layers.contains(Self.layer(of: tensor.name)) }
    fresh += missing.filter(belongs) + wrongShape.map(\.wanted).filter(belongs)
    missing.removeAll(where: belongs)
    wrongShape.removeAll { belongs($0.wanted) }
  }
}
