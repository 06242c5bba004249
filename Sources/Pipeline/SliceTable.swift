/// Numbers the slices of a whole corpus: utterance by utterance, in time.
package struct SliceTable: Sendable, Equatable {
  package let slicer: Slicer
  /// First slice of each utterance, and the total.
  private let offsets: [Int]

  package init(_ utterances: [Utterance], slicer: Slicer) {
    self.slicer = slicer
    var offsets = [0]
    for utterance in utterances { offsets.append((offsets.last ?? 0) + slicer.count(samples: utterance.samples)) }
    self.offsets = offsets
  }

  package var count: Int { offsets.last ?? 0 }

  /// The slices of utterance `index`.
  package func slices(of index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

  /// The utterance and the slice's number within it.
  package func locate(_ slice: Int) -> (utterance: Int, index: Int) {
    precondition((0..<count).contains(slice), "slice \(slice) of \(count)")
    var low = 0, high = offsets.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= slice { low = middle } else { high = middle }
    }
    return (low, slice - offsets[low])
  }

  /// Class of every slice.
  package func labels(_ utterances: [Utterance]) -> [Int] {
    utterances.indices.flatMap { index in slices(of: index).map { _ in utterances[index].emotion } }
  }
}
