import Lab
import TUI
import Testing

@Suite("Plain mode")
struct PlainTests {
  private func mode() -> PlainMode {
    var mode = PlainMode(Bench(corpora: [], runs: []).state)
    _ = mode.hear(.corpora([Fake.corpus(), Fake.corpus("samples", utterances: 35, isSynthetic: true)]))
    _ = mode.hear(.runs(Bench.runs))
    return mode
  }

  private func ask(_ mode: inout PlainMode, _ line: String) -> [String] {
    let answer = mode.answer(line)
    var lines = answer.lines
    for request in answer.requests {
      for event in Fake.answer(request, corpora: mode.state.corpora, runs: mode.state.runs) {
        lines += mode.hear(event)
      }
    }
    return lines
  }

  @Test("Every command answers, and every line is plain", arguments: PlainCommands.all.map(\.name))
  func every(name: String) {
    var mode = mode()
    for arguments in ["", " emodb", " emodb 03a00Wa", " \(Bench.runs[0].id)", " nonsense x=y"] {
      let lines = ask(&mode, name + arguments)
      if name != "quit", name != "play" { #expect(!lines.isEmpty, "\(name)\(arguments) says nothing") }
      for line in lines { #expect(!line.contains("\u{1B}") && !line.contains("\n")) }
    }
    #expect(mode.answer("quit").leaves)
  }

  @Test("It answers what the screen answers")
  func answers() {
    var mode = mode()
    #expect(ask(&mode, "corpora").contains("samples: 35 utterances, 7 emotions, synthetic speech"))
    #expect(ask(&mode, "list emodb anger 03").first == "2 utterances")
    #expect(ask(&mode, "read emodb 03a00Wa").contains { $0.contains("loudest at") && $0.contains("dB") })
    #expect(ask(&mode, "status").first?.contains("epoch 7 of 15") == true)
    #expect(ask(&mode, "confusion 20261122").contains { $0.contains("anger") && $0.contains("for boredom") })
    #expect(ask(&mode, "confusion 20261122 anger boredom").first == "6 slices of anger are taken for boredom")
    #expect(ask(&mode, "estimate emodb").last?.contains("400 MB") == true)
    #expect(mode.answer("pause").requests == [.control(run: Bench.runs[0].id, .pause)], "the one that is live")
  }

  @Test("A slice that does not exist is answered with the last that does, and that is said")
  func beyond() {
    var mode = mode()
    let answer = mode.answer("read emodb 03a00Wa \(Job.defaults.transform) 99")
    guard case .picture(var request) = answer.requests.first else { Issue.record("no picture"); return }
    let count = Fake.picture(request, seconds: 2.5).sliceCount
    request.slice = count - 1
    let lines = mode.hear(.picture(Fake.picture(request, seconds: 2.5)))
    #expect(lines.first == "03a00Wa has only \(count) slices, so this is the last")
    #expect(lines.contains { $0.contains("loudest at") })
  }

  @Test("train takes every field of a job by its name and says what is wrong with a value")
  func train() {
    var mode = mode()
    let answer = mode.answer("train emodb network=alexnet epochs=3 learning-rate=2e-4 slices=64 split=speaker")
    guard case .train(let job) = answer.requests.first else { Issue.record("no job"); return }
    #expect(job.model == "alexnet" && job.epochs == 3 && job.learningRate == 2e-4 && job.limit == 64)
    #expect(job.split == "speaker" && job.corpus == "emodb")
    #expect(mode.answer("train emodb epochs=0").lines.first?.contains("out of range") == true)
    #expect(mode.answer("train emodb speed=9").lines.first?.contains("is no setting") == true)
    #expect(
      mode.answer("train emodb seed=1 seed=2").lines == ["“seed” is set twice, to 1 and to 2: a line takes one"])
    let attack = mode.answer("attack \(Bench.runs[2].id) attack=fgsm attack=pgd")
    #expect(attack.requests.isEmpty)
    #expect(attack.lines == ["“attack” is set twice, to fgsm and to pgd: a line takes one"])
    #expect(mode.answer("train nowhere").lines.first?.contains("there is no corpus") == true)
  }

  @Test("What an earlier session left makes nothing wait, and is shown, let go on and taken out")
  func left() {
    var mode = PlainMode(Bench(corpora: [], runs: []).state)
    _ = mode.hear(.corpora([Fake.corpus()]))
    _ = mode.hear(.runs([]))
    #expect(mode.answer("queue").lines == ["nothing waits"])
    var queue = RunQueue()
    for name in ["a", "b"] { queue.append(.resume(run: name), isHeld: true) }
    _ = mode.hear(.queue(queue))
    #expect(!mode.state.isBusy, "a file of questions would never end")
    #expect(mode.answer("train emodb").lines == ["starting …"])
    #expect(mode.answer("queue").lines.first == "1: resume a, left by an earlier session")
    #expect(mode.answer("status").lines.first == "waits for your word: resume a")
    #expect(mode.answer("queue remove 2").requests == [.queue(.remove(2))])
    #expect(mode.answer("queue remove 3").lines == ["which one? There are 1, 2"])
    #expect(mode.answer("queue remove").requests.isEmpty)
    #expect(mode.answer("queue go").requests == [.queue(.proceed)])
    queue.obey(.proceed)
    _ = mode.hear(.queue(queue))
    #expect(mode.state.isBusy)
    #expect(mode.answer("queue go").requests.isEmpty)
    #expect(mode.answer("train emodb").lines == ["queued behind the run that is live"])
  }

  @Test("What a run's status forbids is refused at once, and a failure of something else swallows no answer")
  func refusals() {
    var mode = mode()
    let (live, finished) = (Bench.runs[0], Bench.runs[2])
    for (line, words) in [
      ("resume \(finished.id)", "\(finished.id) is finished"), ("resume \(live.id)", "\(live.id) is running"),
      ("pause \(finished.id)", "\(finished.id) is finished, not being trained"),
      ("continue \(finished.id)", "\(finished.id) is finished, not being trained"),
      ("end \(finished.id)", "\(finished.id) is finished, not being trained"),
      ("stop \(finished.id)", "\(finished.id) is finished, not being trained"),
    ] {
      let answer = mode.answer(line)
      #expect(answer.lines == [words] && answer.requests.isEmpty)
    }
    #expect(mode.isReady)
    guard case .picture(let request) = mode.answer("read emodb 03a00Wa").requests.first else {
      Issue.record("no picture")
      return
    }
    #expect(mode.hear(.failed("it broke")) == ["error: it broke"])
    #expect(!mode.isReady)
    #expect(mode.hear(.picture(Fake.picture(request, seconds: 2.5))).contains { $0.contains("loudest at") })
    #expect(mode.isReady)
    _ = mode.answer("read emodb 03a00Wa")
    #expect(mode.hear(.pictureFailed(request, "no such file")) == ["no such file"])
    #expect(mode.isReady)
  }

  @Test("After what is given to the engine the next question waits for the queue, or for a refusal")
  func enqueuing() {
    for line in ["train emodb", "attack \(Bench.runs[2].id)", "resume \(Bench.runs[1].id)"] {
      var mode = mode()
      let isAsked = !mode.answer(line).requests.isEmpty
      #expect(isAsked && !mode.isReady, "\(line)")
      var queue = RunQueue()
      queue.append(.train(Job(corpus: "emodb")))
      _ = mode.hear(.queue(queue))
      #expect(mode.isReady, "\(line)")
      #expect(mode.answer("queue").lines.first?.hasPrefix("1: ") == true)
      _ = mode.answer(line)
      _ = mode.hear(.failed("it broke"))
      #expect(mode.isReady, "\(line)")
    }
    // Who trains before an answer is here still gets it.
    var early = self.mode()
    _ = early.answer("estimate emodb")
    _ = early.answer("train emodb")
    _ = early.hear(.queue(RunQueue()))
    #expect(!early.isReady, "the estimate is still to come")
  }

  @Test("An emotion that does not exist, or one alone, is told")
  func emotions() {
    var mode = mode()
    let (run, known) = (Bench.runs[2].id, Fake.emotions.joined(separator: ", "))
    let unknown = "there is no emotion “foo”; there are \(known)"
    #expect(mode.answer("confusion \(run) anger foo").lines == [unknown])
    #expect(mode.answer("confusion \(run) foo").lines == [unknown])
    for line in ["confusion \(run) anger", "confusion \(run) anger fear sadness"] {
      #expect(mode.answer(line).lines.first?.hasPrefix("two emotions are needed") == true)
    }
    #expect(mode.isReady)
  }

  @Test("The greeting is one sentence without the list's indents")
  func greeting() {
    var mode = PlainMode(Bench(corpora: [], runs: []).state)
    let full = Fake.corpus()
    let corpus = CorpusInfo(
      name: full.name, path: full.path, adapter: full.adapter, isSynthetic: false, emotions: full.emotions,
      utterances: full.utterances.filter { $0.speaker == "03" })
    let lines = mode.hear(.corpora([corpus]))
    #expect(lines.count == 1 && lines.allSatisfy { !$0.contains("  ") })
    #expect(lines.first?.contains("; ") == !CorpusAlarms(corpus).sentences.isEmpty)
  }

  @Test("What happens is said once")
  func hears() {
    var mode = mode()
    var run = Bench.runs[0]
    run.status = .paused
    #expect(mode.hear(.run(run)).contains("\(run.id) is paused"))
    #expect(!mode.hear(.run(run)).contains("\(run.id) is paused"))
    #expect(mode.hear(.failed("it broke")) == ["error: it broke"])
  }

  @Test("Each field of a job can be read back from what it wrote", arguments: JobFields.all.map(\.name))
  func fields(name: String) throws {
    let field = try #require(JobFields.named(name))
    var job = Job(corpus: "c")
    let value = field.read(job)
    try field.set(value, in: &job)
    #expect(job == Job(corpus: "c"))
    for bad in ["", "-1", "nan", "inf", "99999999999999999999999"] {
      if case .choice(_, true) = field.kind, !bad.isEmpty { continue }
      if case .number = field.kind, bad.count > 9 { continue }
      #expect(throws: LabError.self, "\(name) takes “\(bad)”") { try field.set(bad, in: &job) }
    }
    #expect(job == Job(corpus: "c"), "a mistake changes nothing")
  }
}
