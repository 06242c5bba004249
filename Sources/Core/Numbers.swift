import Foundation

/// Numbers as text, the same in every locale. Foundation's formats cost tens of microseconds each, a frame has a hundred.
package enum Numbers {
  private static let powers: [Double] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6]

  /// With `digits` (0…6) after the point.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "Inf" : "-Inf" }
    let power = powers[max(0, min(6, digits))]
    let scaled = (abs(value) * power).rounded()
    guard scaled < 1e18 else { return exponent(value) }
    let whole = String(Int(scaled / power))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + whole }
    let fraction = String(Int(scaled) - Int(scaled / power) * Int(power))
    return sign + whole + "." + String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
  }

  /// One digit and a power of ten: "3e-5".
  private static func exponent(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, 0) }
    var power = Int(floor(log10(abs(value))))
    var digit = (abs(value) / pow(10, Double(power))).rounded()
    if digit >= 10 { (digit, power) = (1, power + 1) }
    return "\(value < 0 ? "-" : "")\(Int(digit))e\(power)"
  }

  /// As many digits as `step`, the distance to the next tick, asks for.
  package static func tick(_ value: Double, step: Double) -> String {
    guard value.isFinite, step > 0, step.isFinite else { return fixed(value, 0) }
    let magnitude = max(abs(value), step)
    if magnitude >= 1e6 || magnitude < 1e-4 { return exponent(value) }
    return fixed(value, max(0, min(6, -Int(floor(log10(step) + 1e-9)))))
  }

  package static func seconds(_ value: Double) -> String { fixed(value, 2) + " s" }

  package static func percent(_ fraction: Double, _ digits: Int = 1) -> String {
    fraction.isFinite ? fixed(100 * fraction, digits) + " %" : fixed(fraction, 0)
  }

  /// "1:02:03", "12:40".
  package static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–:––" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }

  /// "440 Hz", "1.25 kHz".
  package static func hertz(_ value: Double) -> String {
    guard value.isFinite else { return "? Hz" }
    return value < 1000 ? fixed(value, value < 100 ? 1 : 0) + " Hz" : fixed(value / 1000, 3) + " kHz"
  }

  /// "812 MB", "1.4 GB".
  package static func bytes(_ count: Int) -> String {
    let value = Double(count)
    if value >= 1e9 { return fixed(value / 1e9, 1) + " GB" }
    return value >= 1e6 ? fixed(value / 1e6, 0) + " MB" : fixed(value / 1e3, 0) + " KB"
  }

  /// At most six columns, for tables: "0.6931", "12.4", "NaN".
  package static func short(_ value: Double) -> String {
    guard value.isFinite else { return fixed(value, 0) }
    if abs(value) >= 1e5 || (value != 0 && abs(value) < 1e-3) { return exponent(value) }
    return fixed(value, abs(value) >= 100 ? 1 : abs(value) >= 10 ? 2 : 4)
  }
}
