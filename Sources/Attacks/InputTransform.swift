/// What EOT may do to an image before it looks at the gradient; all are linear, so that the gradient is mapped back
/// by their transpose.
package enum InputTransform: String, CaseIterable, Codable, Sendable {
  /// Rolls the columns by up to a tenth of the width, either way: the utterance a little earlier or later.
  case shift
  /// Sets up to a tenth of the columns to 0, as SpecAugment's time mask.
  case mask
  /// Multiplies all values by a number in [0.8, 1.2].
  case gain
}
