import Core

/// What to do about the last layers, where a checkpoint and a network most often differ.
package enum HeadRule: String, Sendable, CaseIterable {
  /// The file's classifier is the published one (1000 classes); our `ser_head` after it comes from the file when that
  /// has one, and starts fresh when not.
  case append
  /// The file's last layer was replaced. One of as many classes as ours is carried over exactly: its rows come first in
  /// the published classifier, zeros below, and `ser_head` passes them through. Any other is left out, and the
  /// classifier and `ser_head` start fresh.
  case replace
}

/// How a file of weights fits a network: which tensor fills which, and what is missing, left over, or of another shape.
package struct WeightMatch: Sendable {
  package struct Pair: Sendable, Equatable {
    package let wanted: WantedTensor
    package let source: WeightSource
  }

  /// Of another shape, or of whole numbers.
  package struct WrongShape: Sendable, Equatable {
    package let wanted: WantedTensor
    package let source: String
    package let shape: [Int]
    /// "I64"; nil where only the shape is wrong.
    package let wholeNumbers: String?

    init(_ wanted: WantedTensor, _ source: String, _ tensor: WeightTensor) {
      (self.wanted, self.source, shape) = (wanted, source, tensor.shape)
      wholeNumbers = tensor.isFloating ? nil : tensor.type.rawValue
    }

    var words: String { (wholeNumbers.map { "\($0) " } ?? "") + "\(shape)" }
  }

  package internal(set) var matched: [Pair] = []
  /// Wanted, not in the file.
  package internal(set) var missing: [WantedTensor] = []
  /// Wanted, and left at the network's initial values by the head rule.
  package internal(set) var fresh: [WantedTensor] = []
  package internal(set) var wrongShape: [WrongShape] = []
  /// In the file beside the matched ones, wanted by nothing.
  package internal(set) var leftOver: [String] = []
  /// Counters, look-up tables and the like, which no logit depends on.
  package internal(set) var bookkeeping: [String] = []
  /// Tensors elsewhere in the file: an optimizer's state, another copy of the weights.
  package internal(set) var outside = 0
  /// Whose names the file has ("timm's ViT").
  package let names: String
  /// What precedes every name in the file ("state_dict.module.").
  package let prefix: String

  let path: String
  let wantedCount: Int

  /// - Parameters:
  ///   - wanted: the network's tensors in its own order, the last layer last.
  ///   - prefix: takes the weights below this name when the file holds several sets (such as "state_dict_ema").
  /// - Throws: `WeightError.ambiguousPrefix`, `.unknownPrefix`.
  package init(_ wanted: [WantedTensor], in file: WeightFile, head: HeadRule, prefix: String? = nil) throws {
    let naming = try NameSearch(wanted, in: file, below: prefix).best
    (names, self.prefix) = (naming.dialect.name, naming.prefix)
    (path, wantedCount) = (file.path, wanted.count)
    for tensor in wanted {
      let sources = naming.sources(of: tensor.name)
      if let source = WeightSource.fitting(tensor, sources, in: file) {
        matched.append(Pair(wanted: tensor, source: source))
      } else if let source = sources.first, sources.count == 1, let found = file.tensors[source] {
        wrongShape.append(WrongShape(tensor, source, found))
      } else {
        missing.append(tensor)
      }
    }
    sortRest(of: file)
    applyHead(head, wanted: wanted, naming: naming, file: file)
  }

  /// Sorts the file's tensors that fill nothing.
  private mutating func sortRest(of file: WeightFile) {
    let used = Set(matched.flatMap(\.source.names)).union(wrongShape.map(\.source))
    for name in file.tensors.keys.sorted() where !used.contains(name) {
      if NameDialects.bookkeeping.contains(where: { name == $0 || name.hasSuffix(".\($0)") }) {
        bookkeeping.append(name)
      } else if name.hasPrefix(prefix) {
        leftOver.append(name)
      } else {
        outside += 1
      }
    }
  }

  /// Refuses a match that is not whole: something missing, of another shape, or left over beside the matched tensors.
  ///
  /// - Parameter partial: accepts what there is, as long as something fits.
  /// - Throws: `WeightError.halfMatch`, `.nothingFits`.
  package func check(partial: Bool, in file: WeightFile) throws {
    guard matched.contains(where: { !$0.source.names.isEmpty }) else {
      let example = file.tensors.keys.min() ?? ""
      throw WeightError.nothingFits(path: path, wanted: wantedCount, example: example)
    }
    guard !partial else { return }
    var reasons: [String] = []
    if let first = missing.first { reasons.append("\(missing.count) missing, first “\(first.name)”") }
    if let first = wrongShape.first {
      let isHead = first.wholeNumbers == nil && first.shape.dropFirst() == first.wanted.shape.dropFirst()
      reasons.append(
        "\(wrongShape.count) \(wrongShapeWords), first “\(first.source.printable())” of \(first.words) for "
          + "\(first.wanted.shape)\(isHead ? ", as when the last layer was replaced" : "")")
    }
    if let first = leftOver.first { reasons.append("\(leftOver.count) left over, first “\(first.printable())”") }
    guard reasons.isEmpty else {
      throw WeightError.halfMatch(path: path, matched: matched.count, wanted: wantedCount, reasons: reasons)
    }
  }

  private var wrongShapeWords: String {
    wrongShape.allSatisfy { $0.wholeNumbers == nil } ? "of another shape" : "of another shape or of whole numbers"
  }

  /// Fills the matched tensors of a network.
  ///
  /// - Parameter destination: the memory of a wanted tensor, exactly as many floats as it has elements.
  /// - Returns: the tensors in which some weights are not finite.
  /// - Throws: `WeightError`, and what `destination` throws.
  package func load(
    from file: WeightFile, into destination: (WantedTensor) throws -> UnsafeMutableBufferPointer<Float>
  ) throws -> [(tensor: WantedTensor, found: NonFinite)] {
    var odd: [(tensor: WantedTensor, found: NonFinite)] = []
    for pair in matched {
      let output = try destination(pair.wanted)
      precondition(output.count == pair.wanted.count, "\(pair.wanted.name) wants \(pair.wanted.count) floats")
      let found = try pair.source.fill(output, shape: pair.wanted.shape, from: file)
      if !found.isEmpty { odd.append((pair.wanted, found)) }
    }
    return odd
  }

  /// What matched and what did not, a line each.
  package var lines: [String] {
    func line(_ what: String, _ names: [String]) -> String? {
      guard !names.isEmpty else { return nil }
      let shown = names.prefix(4).map { $0.printable() }.joined(separator: ", ")
      return "\(names.count) \(what): \(shown)\(names.count > 4 ? ", …" : "")"
    }
    let under = prefix.isEmpty ? "" : " under “\(prefix.printable())”"
    return [
      "\(matched.count) of \(wantedCount) tensors matched, by \(names) names\(under)",
      line("missing", missing.map(\.name)), line("start fresh", fresh.map(\.name)),
      line(wrongShapeWords, wrongShape.map { "\($0.source) \($0.words), wanted \($0.wanted.shape)" }),
      line("left over", leftOver), line("that no logit depends on", bookkeeping),
      outside > 0 ? "\(outside) elsewhere in the file" : nil,
    ].compactMap(\.self)
  }
}
