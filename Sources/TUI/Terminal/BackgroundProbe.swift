import Foundation

/// Asks the terminal for the colour of its background (OSC 11, xterm's control sequences). A second question that
/// every terminal answers follows, so that one that does not know OSC 11 costs no waiting.
struct BackgroundProbe {
  static let question = Array("\u{1B}]11;?\u{1B}\\\u{1B}[c".utf8)
  /// What an answer begins with; one that comes late is no key.
  static let beginnings = ["\u{1B}]11;", "\u{1B}[?"]

  /// Nil where the terminal did not say.
  private(set) var background: RGB?
  /// What the user typed meanwhile.
  private(set) var typed: [UInt8] = []
  private(set) var isComplete = false

  /// - Parameter bytes: all that has come so far.
  init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while let byte = rest.first {
      if let reply = Self.color(&rest) {
        background = reply
      } else if Self.attributes(&rest) {
        isComplete = true
      } else {
        typed.append(byte)
        rest.removeFirst()
      }
    }
  }

  /// "ESC ] 11 ; rgb:1c1c/1c1c/1c1c" and BEL or "ESC \"; one to four hexadecimal digits a channel.
  private static func color(_ rest: inout ArraySlice<UInt8>) -> RGB? {
    guard rest.starts(with: Array("\u{1B}]11;rgb".utf8)) else { return nil }
    guard let end = rest.dropFirst(1).firstIndex(where: { $0 == 7 || $0 == 27 }) else { return nil }
    let text = String(decoding: rest[..<end], as: UTF8.self)
    let channels = text.drop { $0 != ":" }.dropFirst().split(separator: "/").prefix(3).compactMap { channel in
      Int(channel, radix: 16).map { Double($0) / (pow(16, Double(channel.count)) - 1) }
    }
    guard channels.count == 3 else { return nil }
    rest = rest[(end + (rest[end] == 27 && end + 1 < rest.endIndex ? 2 : 1))...]
    let levels = channels.map { UInt32(max(0, min(255, ($0 * 255).rounded()))) }
    return RGB(hex: levels[0] << 16 | levels[1] << 8 | levels[2])
  }

  /// "ESC [ ? … c".
  private static func attributes(_ rest: inout ArraySlice<UInt8>) -> Bool {
    guard rest.starts(with: Array("\u{1B}[?".utf8)), let end = rest.firstIndex(of: UInt8(ascii: "c")),
      rest[rest.startIndex + 3..<end].allSatisfy({ $0 == UInt8(ascii: ";") || (48...57).contains($0) })
    else { return false }
    rest = rest[(end + 1)...]
    return true
  }

  /// Waits at most `patience` for the answers on `input`, a terminal in raw mode that was just asked.
  static func listen(_ input: Int32, patience: Duration) -> BackgroundProbe {
    let end = ContinuousClock.now + patience
    var (bytes, probe) = ([UInt8](), BackgroundProbe([]))
    while !probe.isComplete {
      let left = Int32(max(0, (end - .now) / .milliseconds(1)))
      var waiting = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
      guard left > 0, poll(&waiting, 1, left) > 0 else { break }
      var chunk = [UInt8](repeating: 0, count: 256)
      let count = Glibc.read(input, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
      probe = BackgroundProbe(bytes)
    }
    return probe
  }
}

extension RGB {
  /// Brighter than a middle grey to the eye (Rec. 601's weights).
  var isLight: Bool { 0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue) > 127.5 }
}
