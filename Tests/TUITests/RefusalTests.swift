import Lab
import TUI
import Testing

@Suite("What is refused or fails is not waited for")
struct RefusalTests {
  private static let busy = LabError.engineBusy.description

  /// In the attack pane, with nothing under way and a question that was not answered yet.
  private static func asking() throws -> (bench: Bench, request: ExplainRequest) {
    var bench = Bench.inTheMiddle(of: .attack)
    bench.act(.event(.run(Fake.run(Bench.runs[0].id, epochs: 6, status: .finished))))
    let effects = Reducer.reduce(&bench.state, .key(.character("j")))
    let request = try #require(asked(effects))
    return (bench, request)
  }

  private static func asked(_ effects: [Effect]) -> ExplainRequest? {
    for case .request(.explain(let request)) in effects { return request }
    return nil
  }

  private static var attackKey: Key { .character(Layout.digit(Panes.order.firstIndex(of: .attack) ?? 0)) }

  @Test("What the engine was too busy for is asked for again when it is free, and until then says that it is busy")
  func refused() throws {
    let asking = try Self.asking(), request = asking.request
    var bench = asking.bench
    bench.act(.event(.explainFailed(request, Self.busy)))
    #expect(bench.state.attackPane.failure == Self.busy)
    let effects = Reducer.reduce(&bench.state, .event(.engineFree))
    #expect(Self.asked(effects) == request)
    #expect(bench.state.attackPane.failure == nil && bench.text.contains("Attacking …"))
    bench.act(.event(.explained(Fake.explanation(request))))
    let again = Reducer.reduce(&bench.state, .event(.engineFree))
    #expect(again.isEmpty && bench.state.attackPane.shown != nil)
  }

  @Test("Where nobody looks it is asked for when somebody does; while the engine is still busy it is not")
  func elsewhere() throws {
    let asking = try Self.asking(), request = asking.request
    var bench = asking.bench
    bench.act(.event(.explainFailed(request, Self.busy)))
    bench.press("1")
    bench.act(.event(.run(Fake.run(Bench.runs[0].id, epochs: 6, status: .running, isOwn: true))))
    let early = Reducer.reduce(&bench.state, .key(Self.attackKey))
    #expect(Self.asked(early) == nil && bench.state.attackPane.failure == Self.busy)
    bench.press("1")
    bench.act(.event(.run(Fake.run(Bench.runs[0].id, epochs: 6, status: .finished, isOwn: true))))
    let unseen = Reducer.reduce(&bench.state, .event(.engineFree))
    #expect(Self.asked(unseen) == nil && bench.state.attackPane.failure == nil)
    let looked = Reducer.reduce(&bench.state, .key(Self.attackKey))
    #expect(Self.asked(looked) == request)
  }

  @Test("An attack that the user stopped stays stopped when the engine is free")
  func stopped() throws {
    let asking = try Self.asking(), request = asking.request
    var bench = asking.bench
    bench.press("x")
    bench.act(.event(.explainFailed(request, "the attack was stopped")))
    let effects = Reducer.reduce(&bench.state, .event(.engineFree))
    #expect(effects.isEmpty && bench.state.attackPane.failure == "the attack was stopped")
    bench.press("1")
    let looked = Reducer.reduce(&bench.state, .key(Self.attackKey))
    #expect(Self.asked(looked) == nil)
  }

  @Test("Slices that cannot be read are not waited for, but for why; opened anew they are asked for again")
  func slices() throws {
    var bench = Bench(80, 24)
    bench.press("3", "j", "j", "8", "j")
    _ = Reducer.reduce(&bench.state, .key(.enter))
    let opened = try #require(bench.state.resultsPane.opened)
    bench.act(.event(.slicesFailed(run: opened.run, set: "another", sentence: "another cannot be read")))
    bench.state.notice = nil
    #expect(bench.text.contains("are being read"))
    bench.act(.event(.slicesFailed(run: opened.run, set: opened.set, sentence: "chunk 0 is not whole")))
    #expect(bench.state.notice?.level == .error)
    bench.state.notice = nil
    #expect(bench.text.contains("chunk 0 is not whole") && !bench.text.contains("are being read"))
    bench.press("u", "enter")
    #expect(bench.state.resultsPane.failure == nil && bench.state.resultsPane.slices != nil)
  }

  @Test("Nor does the confusion matrix wait for them")
  func matrix() throws {
    var bench = Bench.inTheMiddle(of: .confusion)
    _ = Reducer.reduce(&bench.state, .key(.character("d")))
    guard case .attack(let run, let set) = bench.state.confusionPane.against else {
      Issue.record("it is not held against an attack")
      return
    }
    #expect(bench.text.contains("Reading what"))
    bench.act(.event(.slicesFailed(run: run, set: set, sentence: "chunk 0 is not whole")))
    bench.state.notice = nil
    #expect(bench.text.contains("chunk 0 is not whole") && !bench.text.contains("Reading what"))
    bench.press("d")
    #expect(bench.state.confusionPane.failure == nil && ConfusionPane.pair(bench.state) != nil)
  }
}
