import Lab
import TUI
import Testing

/// What made somebody hesitate who saw the program for the first time.
@Suite("First use")
struct FirstUseTests {
  @Test("The next form begins with what was trained last, also at the next start")
  func lastJob() throws {
    var bench = Bench(runs: [])
    bench.press("1", "t")
    guard case .form(let form) = bench.state.modal else { Issue.record("there is no form"); return }
    let epochs = try #require(form.shown.firstIndex { form.fields[$0].name == "epochs" })
    for _ in 0..<epochs { bench.press("down") }
    bench.press("3", "enter")
    #expect(bench.state.lastJob?.epochs == 3)
    var other = Bench(runs: [])
    Session(bench.state).begin(&other.state, hasTheme: false, hasGlyphs: false)
    other.press("1", "t")
    guard case .form(let again) = other.state.modal else { Issue.record("there is no form"); return }
    #expect(again.value("epochs") == "3" && again.value("seed") == "0")
  }

  @Test("A name without its middle keeps what tells it from others, in exactly the width")
  func middles() {
    let (a, b) = ("20261129-015453-cnn-lstm-mel-s0", "20261129-015822-cnn-lstm-mel-s1")
    for width in 0...40 {
      let (x, y) = (TextWidth.withoutMiddle(a, to: width), TextWidth.withoutMiddle(b, to: width))
      #expect(TextWidth.of(x) == min(width, TextWidth.of(a)), "\(x) at \(width)")
      if width >= 8 { #expect(x != y && x.hasPrefix("20")) }
    }
    #expect(TextWidth.withoutMiddle("漢字漢字漢字", to: 7).count < 6)
  }

  @Test("Help tells the whole sentence about the selected key")
  func wholeSentence() {
    var bench = Bench()
    bench.press("?", "s", "o", "r", "t")
    #expect(bench.text.contains("Sorts a speaker's utterances by name, duration, longest first, sentence."))
  }
}
