/// The splitmix64 finaliser applied to `x` (Steele, Lea, Flood 2014); adds the golden gamma first.
@inlinable package func splitmix64(_ x: UInt64) -> UInt64 {
  var z = x &+ 0x9E37_79B9_7F4A_7C15
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

/// FNV-1a over the UTF-8 bytes of `text`.
package func fnv1a64(_ text: String) -> UInt64 {
  text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}

/// A counter-based stream of random numbers: element `i` depends only on the key and `i`, never on what was drawn
/// before. A run that resumes at step k therefore needs no saved generator state to end with the same bits.
package struct RandomStream: Sendable {
  package let key: UInt64

  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - purpose: what the numbers are for ("shuffle", "dropout.fc1", …); streams of other purposes are independent.
  ///   - indices: epoch, step, slice … that the stream belongs to.
  package init(seed: UInt64, purpose: String, _ indices: Int...) {
    var key = splitmix64(fnv1a64(purpose) &+ seed &* 0x2545_F491_4F6C_DD1D)
    for index in indices { key = splitmix64(key ^ UInt64(bitPattern: Int64(index))) }
    self.key = key
  }

  /// 64 random bits.
  @inlinable package func bits(_ index: Int) -> UInt64 { splitmix64(key &+ UInt64(bitPattern: Int64(index))) }

  /// Uniform in [0, 1), 24 bits.
  @inlinable package func uniform(_ index: Int) -> Float { Float(bits(index) >> 40) * 0x1p-24 }

  /// Uniform integer in 0..<bound (bound ≥ 1), by multiply-shift.
  @inlinable package func integer(_ index: Int, below bound: Int) -> Int {
    Int(bits(index).multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// 0..<count in a random order (Fisher-Yates).
  package func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, through: 1, by: -1) { order.swapAt(i, integer(i, below: i + 1)) }
    return order
  }
}
