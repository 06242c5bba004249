import Lab
import TUI
import Testing

@Suite("The paper pane")
struct PaperPaneTests {
  private static func bench(_ width: Int = 120, _ height: Int = 40) -> Bench {
    var bench = Bench(width, height)
    bench.press("#")
    return bench
  }

  private static func lines(_ bench: Bench) -> [PaperState.Standing] { bench.state.paperStandings }

  @Test("Table 1 has a line a network and spectrogram, the runs that fill it, and the paper's numbers of that corpus")
  func networks() throws {
    var bench = Self.bench()
    bench.press("z")
    #expect(bench.state.focus == .paper)
    #expect(bench.text.contains("table 1 · emodb · the paper's recipe"))
    // Of the runs one is finished, and one of the same kind is being trained.
    #expect(Self.lines(bench).count == 24 && Self.lines(bench).count { $0 == .missing } == 23)
    #expect(bench.text.contains("23 to train") && bench.text.contains("1 under way"))
    #expect(bench.text.contains("86.82"), "CvT, mel, Emo-DB")
    #expect(bench.text.contains("! split utterance: 10 of 10 speakers are in both parts"))
    #expect(bench.text.contains("CNN-LSTM"))
    // The paper has no synthetic corpus.
    bench.press("c")
    #expect(bench.text.contains("table 1 · samples") && !bench.text.contains("86.82"))
    let table = try #require(Panes.named(.paper)?.table(bench.state))
    #expect(table.rows.count == 24 && !table.columns.contains { $0.title.contains("paper") })
  }

  @Test("f trains the line's network by the recipe, and does not ask for it twice")
  func fills() throws {
    var bench = Self.bench()
    bench.press("j", "f")
    let sent = bench.effects.compactMap { effect in
      if case .request(.train(let job)) = effect { job } else { nil }
    }
    let job = try #require(sent.first)
    #expect(sent.count == 1 && job.model == "alexnet" && job.transform == "linear" && job.corpus == "emodb")
    #expect(PaperBoard.recipe(job) == PaperBoard.papers)
    #expect(bench.state.paperStandings[1] == .running)
    let before = bench.effects.count
    bench.press("f")
    #expect(bench.effects.count == before && bench.text.contains("on its way"))
  }

  @Test("F asks first, and then for all that is missing and not on its way")
  func fillsAll() {
    var bench = Self.bench()
    bench.press("F")
    #expect(bench.text.contains("Fill table 1?") && bench.text.contains("23 trainings"))
    bench.press("c")
    #expect(bench.effects.isEmpty && bench.state.modal == nil)
    bench.press("F", "f")
    let jobs = bench.effects.count { effect in
      if case .request(.train) = effect { true } else { false }
    }
    #expect(jobs == 23)
  }

  @Test("Table 2a asks for attacks on both parts of networks that are trained; 2b is AlexNet's")
  func attacks() throws {
    var bench = Self.bench()
    // The run that is finished is of mel spectrograms; the one under way is no longer, and its attacks were of one part.
    bench.act(.event(.runs(Bench.runs.filter { !$0.isOwn })))
    bench.press("t", "s")
    #expect(Self.lines(bench).count == 60 && Self.lines(bench).count { $0 == .trained } == 5)
    bench.press("f")
    let wishes = bench.effects.compactMap { effect in
      if case .request(.attack(let wish)) = effect { wish } else { nil }
    }
    let wish = try #require(wishes.first)
    #expect(wishes.count == 1 && wish.part == .merged && wish.point.attack == "fgsm" && !wish.keepsImages)
    #expect(wish.run == Bench.runs[2].id)
    bench.press("enter")
    #expect(bench.state.focus == .training && bench.state.selectedRun?.id == wish.run)
    bench.press("backspace", "t")
    #expect(bench.state.paperPane.table == .defences && Self.lines(bench).count == 30)
    bench.press("enter")
    #expect(bench.text.contains("not trained yet"))
  }

  @Test("Columns that do not fit are scrolled to, at every size")
  func scrolls() {
    for (width, height) in [(80, 24), (60, 12), (30, 8)] {
      var bench = Self.bench(width, height)
      bench.press("z", "t")
      var seen = bench.text
      for _ in 0..<20 {
        bench.press("l")
        seen += bench.text
      }
      #expect(seen.contains("success %"), "\(width)×\(height)")
      for _ in 0..<20 { bench.press("h") }
      #expect(bench.state.paperPane.column == 0)
    }
  }
}
