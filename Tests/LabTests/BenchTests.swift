import Core
import Foundation
import Lab
import NN
import Pipeline
import Testing

struct BenchTests {
  /// A folder of peers whose “python” is a shell script that runs `body` and takes its arguments for granted.
  private func peers(_ body: String) throws -> (folders: PeerFolders, remove: () -> Void) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("peers-\(UUID().uuidString)")
    let bin = folder.appendingPathComponent("bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    let program = bin.appendingPathComponent("python")
    try Data("#!/bin/sh\n\(body)\n".utf8).write(to: program)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    for script in ["peer_torch.py", "peer_librosa.py"] { try Data().write(to: folder.appendingPathComponent(script)) }
    return (PeerFolders(peers: folder.path, scripts: folder), { try? FileManager.default.removeItem(at: folder) })
  }

  private static let about = #"echo '{"versions": {"fake": "1.0"}, "kernels": ["none"]}'"#

  private func row(_ ours: [Double], _ theirs: [String: [Double]], held: Double? = nil) -> BenchRow {
    var row = BenchRow(
      subject: "alexnet", demand: "train", batch: 32, threads: 2, rounds: ours.count,
      ours: BenchSide(rates: ours, peakBytes: 5_000_000), peer: .torch,
      theirs: theirs.sorted { $0.key < $1.key }.map { BenchSide(variant: $0.key, rates: $0.value, peakBytes: nil) })
    row.held = held
    return row
  }

  @Test func aPeerTakesItsTurns() throws {
    let (folders, remove) = try peers(
      Self.about + "; while read seconds; do echo \"{\\\"rate\\\": $seconds, \\\"peak_bytes\\\": 7}\"; done")
    defer { remove() }
    let peer = try folders.start("peer_torch.py", [], threads: 1)
    #expect(peer.about == PeerAbout(versions: ["fake": "1.0"], kernels: ["none"]))
    for seconds in [0.5, 2.0, 1.25] {
      let round = try peer.round(seconds: seconds)
      #expect(round.rate == seconds && round.peakBytes == 7)
    }
  }

  @Test func aPeerThatDiesIsAnErrorAndNotAHang() throws {
    // As the program does: a write to nobody is an error and not the end.
    signal(SIGPIPE, SIG_IGN)
    let (silent, removeSilent) = try peers("exit 3")
    defer { removeSilent() }
    #expect(throws: LabError.self) { try silent.start("peer_torch.py", [], threads: 1) }
    let (short, removeShort) = try peers(Self.about)
    defer { removeShort() }
    let peer = try short.start("peer_torch.py", [], threads: 1)
    #expect(throws: LabError.self) { try peer.round(seconds: 1) }
    let (babbling, removeBabbling) = try peers("echo hello; cat")
    defer { removeBabbling() }
    #expect(throws: LabError.self) { try babbling.start("peer_torch.py", [], threads: 1) }
  }

  @Test func whereNobodyIsItSaysWhatToRun() throws {
    let nowhere = URL(fileURLWithPath: "/nowhere")
    let error = #expect(throws: LabError.self) {
      try PeerFolders(peers: "/nowhere", scripts: nowhere).start("peer_torch.py", [], threads: 1)
    }
    #expect(error?.description.contains("setup-peers") == true)
    #expect(throws: LabError.self) { try BenchThresholds(contentsOf: nowhere) }
  }

  @Test func theFasterFormatCountsAndTheMiddleRound() {
    let row = row([10, 30, 20], ["plain": [5, 5, 50], "channels-last": [8, 10, 12]])
    #expect(row.ours.rate == 20)
    #expect(row.best?.variant == "channels-last")
    #expect(row.ratio == 2)
    #expect(BenchSide(rates: [1, 2], peakBytes: nil).rate == 1.5)
  }

  @Test func whatFallsShortByMoreThanTheToleranceIsBroken() throws {
    var thresholds = try JSON.decoder().decode(
      BenchThresholds.self, from: Data(#"{"tolerance": 0.2, "allocations": 0, "ratios": {}}"#.utf8))
    let rows = [row([8.1], ["plain": [5]], held: 2), row([7.9], ["plain": [5]], held: 2), row([1], ["plain": [5]])]
    let broken = thresholds.broken(by: rows)
    #expect(broken.count == 1 && broken.first?.contains("1.58×") == true)
    thresholds.tolerance = 0.25
    #expect(thresholds.broken(by: rows).isEmpty)
  }

  /// What the repository holds: every network at every demand, and nothing that the registries do not have.
  @Test func theThresholdsNameWhatThereIs() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
    let thresholds = try BenchThresholds(contentsOf: root.appendingPathComponent("Benchmarks/thresholds.json"))
    let rounded = Precision.bf16.isAvailable ? Networks.all.count : 0
    #expect(
      BenchTask.compared(with: .torch, thresholds).count == Networks.all.count * EngineWork.allCases.count + rounded)
    var named = 0
    for (_, subjects) in thresholds.ratios {
      for demands in subjects.values { named += demands.keys.count { rounded > 0 || !$0.hasSuffix("bf16") } }
    }
    #expect(named == BenchPeer.allCases.reduce(0) { $0 + BenchTask.compared(with: $1, thresholds).count })
    #expect(thresholds.allocations == 0)
  }

  /// What was reached with AVX-512 is not asked of other processors: there nothing may be slower than its peer, nor than it was.
  @Test func thresholdsAreOfTheProcessor() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
    let file = root.appendingPathComponent("Benchmarks/thresholds.json")
    let wide = try BenchThresholds(contentsOf: file, vectors: .whole)
    let halved = try BenchThresholds(contentsOf: file, vectors: .halved)
    let narrow = try BenchThresholds(contentsOf: file, vectors: .narrow)
    #expect(wide.ratios["torch"]?["cnn-lstm"]?["train"] == .init(goal: 5, held: 6.1))
    #expect(halved.ratios["torch"]?["cnn-lstm"]?["train"] == .init(goal: 5, held: 6.2))
    #expect(narrow.ratios["torch"]?["cnn-lstm"]?["train"] == .init(goal: 1, held: 4.5))
    #expect(narrow.ratios["torchattacks"]?["vgg16"]?["attack bim"] == .init(goal: 1, held: 1, batch: 8))
    #expect(narrow.ratios["librosa"]?["mel"]?["transform"] == wide.ratios["librosa"]?["mel"]?["transform"])
  }

  private static let small = #"""
    {"tolerance": 0.2, "allocations": 0, "ratios": {"torch": {"cnn-lstm": {
      "gradient": {"goal": 1, "batch": 1}, "inference": {"goal": 1, "held": 3, "batch": 1}}}}}
    """#

  /// A benchmark of two rows beside a peer that writes down what it was started with.
  private struct Small {
    let folders: PeerFolders
    let thresholds: BenchThresholds, runner: BenchRunner, machine: BenchMachine
    var output: URL { folders.scripts.appendingPathComponent("compare.json") }

    func draft(since: Date = .distantPast, runner other: BenchRunner? = nil) -> BenchDraft {
      BenchDraft(output: output, machine, other ?? runner, since: since)
    }

    func run(_ draft: BenchDraft, only: String? = nil, stoppingAfterReads reads: Int = 1000) async throws
      -> (report: BenchReport, said: [String])
    {
      let tasks = BenchTask.compared(with: .torch, thresholds).filter { only == nil || $0.demand == only }
      var said: [String] = []
      let report = try await runner.report(
        of: tasks.map { ($0, .torch) }, machine, folders: folders, thresholds: thresholds, draft: draft,
        control: RunControl(stoppingAfterReads: reads)
      ) { said.append("\($0.demand): \($1)") }
      return (report, said)
    }

    /// What the peer was started with since the last question.
    func asked() -> [String] {
      let file = folders.scripts.appendingPathComponent("bin/python.asked")
      defer { try? FileManager.default.removeItem(at: file) }
      return ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }
  }

  private func small() async throws -> (small: Small, remove: () -> Void) {
    let (folders, remove) = try peers(
      "echo \"$*\" >> \"$0.asked\"; " + Self.about + "; while read seconds; do echo '{\"rate\": 2}'; done")
    let runner = try await BenchRunner(batch: 3, seconds: 0, rounds: 1, threads: 1, fused: false)
    let thresholds = try JSON.decoder().decode(BenchThresholds.self, from: Data(Self.small.utf8))
    let machine = BenchMachine(matrixPeaks: [:], library: "test", threads: 1)
    return (Small(folders: folders, thresholds: thresholds, runner: runner, machine: machine), remove)
  }

  /// What takes minutes is timed with fewer images, on both sides; a stopped benchmark goes on with the rows that it lacks.
  @Test func aStoppedBenchmarkIsTakenUp() async throws {
    let (small, remove) = try await small()
    defer { remove() }
    let partial = small.output.appendingPathExtension("partial").path
    // Read before each row's one round.
    await #expect(throws: PipelineError.self) { try await small.run(small.draft(), stoppingAfterReads: 2) }
    #expect(small.asked().filter { $0.contains("--demand gradient --batch 1 ") }.count == 2)
    #expect(FileManager.default.fileExists(atPath: partial))
    #expect(!FileManager.default.fileExists(atPath: small.output.path))

    let draft = small.draft()
    let (report, said) = try await small.run(draft)
    #expect(small.asked().allSatisfy { $0.contains("--demand inference --batch 1 ") })
    #expect(report.rows.map(\.demand) == ["gradient", "inference"] && report.rows.map(\.held) == [nil, 3])
    #expect(report.machine.peers == ["PyTorch": PeerAbout(versions: ["fake": "1.0"], kernels: ["none"])])
    #expect(said.count == 2 && said[0] == "gradient: 1 of 2, timed before" && said[1] == "inference: 2 of 2")
    try draft.settle(report)
    #expect(!FileManager.default.fileExists(atPath: partial))
  }

  /// A draft of `--output /dev/stdout` would be a file among the devices.
  @Test func nothingIsKeptBesideADevice() async throws {
    let (small, remove) = try await small()
    defer { remove() }
    let outputs = [URL(fileURLWithPath: "/dev/null"), small.output]
    let isKept = outputs.map { BenchDraft.beside($0, small.machine, small.runner, since: .distantPast) != nil }
    #expect(isKept == [false, true])
  }

  @Test func rowsOfOtherTasksAreKept() async throws {
    let (small, remove) = try await small()
    defer { remove() }
    await #expect(throws: PipelineError.self) { try await small.run(small.draft(), stoppingAfterReads: 2) }
    let draft = small.draft()
    let (report, _) = try await small.run(draft, only: "inference")
    try draft.settle(report)
    _ = small.asked()
    let (whole, said) = try await small.run(small.draft())
    #expect(said.first == "gradient: 1 of 2, timed before" && whole.rows.count == 2)
    #expect(small.asked().allSatisfy { $0.contains("inference") })
  }

  /// Rows of another program, of other rounds or beside another version are not mixed with new ones.
  @Test func whatIsKeptMustBeOfOneKind() async throws {
    let (small, remove) = try await small()
    defer { remove() }
    await #expect(throws: PipelineError.self) { try await small.run(small.draft(), stoppingAfterReads: 2) }
    let other = try await BenchRunner(batch: 3, seconds: 0, rounds: 2, threads: 1, fused: false)
    for draft in [small.draft(since: Date().addingTimeInterval(60)), small.draft(runner: other)] {
      let said = try await small.run(draft).said
      #expect(said.first?.contains("timed before") == false)
      try FileManager.default.removeItem(at: small.output.appendingPathExtension("partial"))
      await #expect(throws: PipelineError.self) { try await small.run(small.draft(), stoppingAfterReads: 2) }
    }
    let python = small.folders.scripts.appendingPathComponent("bin/python")
    let text = try String(contentsOf: python, encoding: .utf8)
    try Data(text.replacingOccurrences(of: "1.0", with: "2.0").utf8).write(to: python)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python.path)
    let error = await #expect(throws: LabError.self) { try await small.run(small.draft()) }
    #expect(error?.description.contains("PyTorch") == true && error?.description.contains("compare.json") == true)
  }

  @Test func theTimeLeftGoesByWhatIsToBeDone() {
    var progress = BenchProgress(costs: [1, 3, 2, 4])
    #expect(progress.secondsLeft == nil && progress.text == "0 of 4")
    progress.advance(seconds: nil)
    #expect(progress.secondsLeft == nil)
    progress.advance(seconds: 6)
    #expect(progress.secondsLeft == 12 && progress.text == "2 of 4, about 12 s left")
    progress.advance(seconds: 2)
    progress.advance(seconds: 1)
    #expect(progress.text == "4 of 4")
  }

  /// A row whose steps outlast what each side is given takes as long as its slower sides.
  @Test func whatARowTakesCountsEverySide() {
    #expect(BenchRunner.cost(step: 1, sides: [1], rounds: 3, given: 10) == 31)
    #expect(BenchRunner.cost(step: 20, sides: [1], rounds: 3, given: 10) == 80)
    #expect(BenchRunner.cost(step: 20, sides: [1, 5, 5], rounds: 3, given: 10) == 880)
    #expect(BenchRunner.cost(step: 1, sides: [1, 5, 5], rounds: 3, given: 10) == 101)
  }

  @Test func theTableIsWholeInEveryFormat() async throws {
    let runner = try await BenchRunner(batch: 1, seconds: 0, rounds: 1, threads: 1, fused: false)
    var report = BenchReport(machine: BenchMachine(matrixPeaks: runner.peaks, library: Library.name, threads: 1))
    report.rows = [row([20], ["plain": [10]], held: 2)]
    report.rows[0].kernels = ["jit:avx512_core": 3]
    let again = try JSON.decoder().decode(BenchReport.self, from: JSON.encoder().encode(report))
    #expect(again.rows == report.rows)
    for format in ResultTable.Format.allCases { #expect(report.table.rendered(format).contains("alexnet")) }
    #expect(report.table.rendered(.text).contains("2.00") && report.table.notes.last?.contains("3× jit") == true)
  }

  @Test func aProfileAddsUpByKind() async throws {
    let entry = try Networks.named("cnn-lstm")
    let measured = try await Engine.run { try EngineBenchmark(entry, .train, batch: 1).profile(seconds: 0) }
    let profile = LayerProfile(measured, matrixPeak: 1e9)
    #expect(profile.rows.contains { $0.layer == "adam" && $0.bytes > 0 })
    let products = profile.rows.filter { $0.kind == "conv2d" }
    for row in products { #expect(row.flops > 0 && row.bytes > 0 && !row.kernels.isEmpty) }
    let kinds = profile.byKind
    #expect(kinds.rows.reduce(0) { $0 + $1.flops } == profile.rows.reduce(0) { $0 + $1.flops })
    #expect(kinds.rows.reduce(0) { $0 + $1.bytes } == profile.rows.reduce(0) { $0 + $1.bytes })
    #expect(kinds.rows.count < profile.rows.count)
    #expect(profile.table.rendered(.text).contains("conv2d"))
  }
}
