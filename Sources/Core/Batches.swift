extension Range<Int> {
  /// The range cut into pieces of `size` (at least 1), the last one shorter where it must be.
  package func batches(of size: Int) -> [Range<Int>] {
    stride(from: lowerBound, to: upperBound, by: size).map { $0..<Swift.min(upperBound, $0 + size) }
  }
}
