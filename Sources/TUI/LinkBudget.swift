/// How many bytes the screen may cost, and when the next frame that nobody asked for may go out.
///
/// A bucket that fills at the rate that the user allows and holds a second's worth. A frame that answers a key goes out at
/// once, made cheaper by fewer levels of its colour map; what it costs beyond the bucket delays the frames after it.
package struct LinkBudget: Sendable {
  /// Bytes a second; nil without a limit.
  package let limit: Double?
  private var filled: Double
  private var last: Double

  /// - Parameters:
  ///   - kilobytesPerSecond: 0 for no limit.
  ///   - now: seconds of any clock.
  package init(kilobytesPerSecond: Int, now: Double) {
    limit = kilobytesPerSecond > 0 ? Double(kilobytesPerSecond) * 1000 : nil
    (filled, last) = (limit ?? 0, now)
  }

  private mutating func fill(_ now: Double) {
    guard let limit else { return }
    filled = min(limit, filled + limit * max(0, now - last))
    last = now
  }

  /// Bytes that an answer to a key may cost: what is in the bucket, but never less than a quarter of a second's worth, so
  /// that a screen under a tight limit stays usable.
  package mutating func allowance(_ now: Double) -> Int? {
    guard let limit else { return nil }
    fill(now)
    return Int(max(limit / 4, filled))
  }

  package mutating func spend(_ bytes: Int, _ now: Double) {
    guard limit != nil else { return }
    fill(now)
    filled -= Double(bytes)
  }

  /// Seconds until an answer to a key may go out: at once, unless keys that are held down have overdrawn the bucket by more
  /// than half a second's worth; then their answers become one frame, a second late at most.
  package mutating func keyDelay(_ now: Double) -> Double {
    min(1, max(0, delay(now) - 0.5))
  }

  /// Seconds until a frame that nobody asked for may go out.
  package mutating func delay(_ now: Double) -> Double {
    guard let limit else { return 0 }
    fill(now)
    return filled >= 0 ? 0 : -filled / limit
  }
}
