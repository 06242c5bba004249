extension RandomStream {
  /// The stream that `init(seed:purpose:_:)` gives with one index more; allocates nothing.
  package func child(_ index: Int) -> RandomStream {
    RandomStream(key: splitmix64(key ^ UInt64(bitPattern: Int64(index))))
  }

  package init(key: UInt64) { self.key = key }
}
