import Lab

/// A waveform as the range of its samples in each dot column.
package enum Envelope {
  /// - Parameters:
  ///   - time: seconds that the width covers; outside of the samples nothing is drawn.
  ///   - peak: the amplitude that reaches the upper edge.
  package static func draw(
    _ samples: [Float], time: ClosedRange<Double>, peak: Float, in rect: Rect, _ style: CellStyle, _ look: Look,
    _ surface: inout Surface
  ) {
    let rect = surface.bounds.intersection(rect)
    guard !rect.isEmpty, time.lowerBound < time.upperBound else { return }
    var dots = DotGrid(size: Size(width: rect.width, height: rect.height), look: look)
    let scale = peak > 0 && peak.isFinite ? 1 / peak : 0
    let rate = Double(Waveform.sampleRate)
    let span = (time.upperBound - time.lowerBound) / Double(dots.width)
    for x in 0..<dots.width {
      let start = max(0, Int((time.lowerBound + span * Double(x)) * rate))
      let end = min(samples.count, max(start + 1, Int((time.lowerBound + span * Double(x + 1)) * rate)))
      guard start < end else { continue }
      var (low, high) = (Float.infinity, -Float.infinity)
      for sample in samples[start..<end] where sample.isFinite {
        low = min(low, sample)
        high = max(high, sample)
      }
      guard low <= high else { continue }
      dots.column(x, place(high * scale, dots.height), place(low * scale, dots.height))
    }
    dots.draw(at: Point(x: rect.x, y: rect.y), styles: [style], marks: ["|"], &surface)
  }

  /// 1 is row 0, -1 the last one.
  private static func place(_ amplitude: Float, _ height: Int) -> Int {
    max(0, min(height - 1, Int((1 - max(-1, min(1, amplitude))) / 2 * Float(height - 1) + 0.5)))
  }
}
