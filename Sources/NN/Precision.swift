import OneDNN

/// The numbers that matrix products and convolutions multiply. Sums, everything between layers, parameters, gradients and
/// the optimiser are float32 in either case.
package enum Precision: String, CaseIterable, Codable, Sendable {
  case float32
  /// Factors are rounded to bfloat16 (8 bits of exponent, 8 of significand) as they are read, where that is the faster:
  /// small products, attention, recurrences and depthwise convolutions stay float32, and so does Winograd where it beats
  /// bfloat16.
  case bf16

  /// bf16 without instructions for it would be slower than float32.
  package var isAvailable: Bool {
    switch self {
    case .float32: true
    case .bf16: quaver_dnn_has_bf16()
    }
  }
}
