import Core
import Foundation
import Lab
import Pipeline
import Synchronization
import TUI

/// Answers like the engine, at once and from chirps.
final class FakeBackend: Backend {
  let transforms = ["linear", "mel", "cqt", "mfcc"]
  let models = ["cnn-lstm", "alexnet"]
  let player: String? = "aplay"
  let wakeDescriptor: Int32
  private let writeEnd: Int32
  private let events = Mutex<[Event]>([])
  private let requests = Mutex<[Request]>([])
  private let training = Mutex(false)
  private let corpora: [CorpusInfo]
  private let runs: [RunInfo]

  init(corpora: [CorpusInfo] = [Fake.corpus()], runs: [RunInfo] = []) {
    var ends: [Int32] = [-1, -1]
    _ = pipe(&ends)
    for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    (wakeDescriptor, writeEnd) = (ends[0], ends[1])
    (self.corpora, self.runs) = (corpora, runs)
  }

  deinit {
    close(wakeDescriptor)
    close(writeEnd)
  }

  func post(_ event: Event) {
    events.withLock { $0.append(event) }
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)
  }

  var isTraining: Bool {
    get { training.withLock { $0 } }
    set { training.withLock { $0 = newValue } }
  }

  /// What was asked so far.
  var sent: [Request] { requests.withLock { $0 } }

  func send(_ request: Request) {
    requests.withLock { $0.append(request) }
    for event in Fake.answer(request, corpora: corpora, runs: runs) { post(event) }
  }

  func drain() -> [Event] {
    var buffer = [UInt8](repeating: 0, count: 256)
    while read(wakeDescriptor, &buffer, buffer.count) > 0 {}
    return events.withLock { events in
      defer { events = [] }
      return events
    }
  }
}

/// Made-up values that look like the real ones.
enum Fake {
  static let emotions = ["anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness"]
  static let start = Date(timeIntervalSince1970: 1_790_000_000)

  static func corpus(_ name: String = "emodb", utterances count: Int = 84, isSynthetic: Bool = false) -> CorpusInfo {
    let letters = Array("WLEAFNT")
    let utterances = (0..<count).map { index in
      let (speaker, emotion) = (3 + index / 7 % 10, index % 7)
      let two = speaker < 10 ? "0\(speaker)" : "\(speaker)"
      let take = index / 70
      return UtteranceInfo(
        id: "\(two)a\(take < 10 ? "0" : "")\(take)\(letters[emotion])a", file: "\(index).wav", emotion: emotion,
        speaker: two, sentence: "a\(take)", duration: 1.6 + Double(index * 37 % 100) / 40, sampleRate: 16_000)
    }
    return CorpusInfo(
      name: name, path: "/corpora/\(name)", adapter: "emodb", isSynthetic: isSynthetic, emotions: emotions,
      utterances: utterances)
  }

  static func answer(_ request: Request, corpora: [CorpusInfo], runs: [RunInfo]) -> [Event] {
    switch request {
    case .loadCorpora: [.corpora(corpora)]
    case .loadRuns: [.runs(runs)]
    case .explain(let request): [.explained(explanation(request))]
    case .embed(let wish): [.embedded(wish, embedding(wish))]
    case .attend(let wish): [.attended(wish, attention(wish))]
    case .mapNodes(let run):
      [.mapNodes(MapNodes(run: run, names: ["features.3", "features.6", "features.11"], standard: "features.11"))]
    case .loadModels: [.models([model("cnn-lstm", layers: 6), model("alexnet", layers: 30)])]
    case .measureModel(let name): [.model(model(name, layers: name == "alexnet" ? 30 : 6, isMeasured: true))]
    case .openRun(let id): runs.filter { $0.id == id }.map { .run($0) }
    case .queue, .holdQueue, .play, .stopPlaying: []
    case .loadResults: [.results(results(runs))]
    case .loadSlices(let run, let set): [.attackedSlices(slices(run, set))]
    case .attack(let wish): [.attacking(attackStatus(wish))]
    case .controlAttack(let wish):
      wish == .stopNow ? [.attacking(nil), .results(results(runs))] : []
    case .stopExplaining, .stopSurvey: []
    case .estimate(let work):
      [.estimate(work, Estimate(secondsAnEpoch: 12, seconds: 180, bytes: 400_000_000, basis: "a guess"))]
    case .predictions(let run): [.predictions(predictions(run))]
    case .openUtterance(let corpus, let utterance):
      [.waveform(waveform(corpus, utterance, seconds: duration(corpus, utterance, corpora)))]
    case .picture(let request):
      [.picture(picture(request, seconds: duration(request.corpus, request.utterance, corpora)))]
    case .train(let job): [.run(run("20261124-\(job.model)", job: job, epochs: 0, status: .running, isOwn: true))]
    case .resume(let id):
      runs.filter { $0.id == id }.map { run in
        var run = run
        (run.status, run.isOwn) = (.running, true)
        return .run(run)
      }
    case .removeRun(let id): [.runs(runs.filter { $0.id != id })]
    case .control(let id, let wish):
      runs.filter { $0.id == id }.map { run in
        var run = run
        run.status = wish == .pause ? .paused : wish == .proceed ? .running : .stopped
        return .run(run)
      }
    }
  }

  static func model(_ name: String, layers count: Int, isMeasured: Bool = false) -> ModelInfo {
    let layers = (0..<count).map { index in
      LayerInfo(
        name: "features.\(index)", kind: index % 2 == 0 ? "conv2d" : "relu", output: [64, 224 - index, 224 - index],
        parameters: index % 2 == 0 ? 1234 * (index + 1) : 0, frozen: 0, flops: 1_000_000 * (count - index))
    }
    let measures = ModelMeasures(
      batch: 32, threads: 2, planBytes: ["inference": 111_000_000, "parameterGradients": 186_000_000],
      parameterBytes: 244_000_000, trainerBytes: 733_000_000,
      times: layers.map { LayerTime(name: $0.name, forward: 1.25, backward: 2.5) })
    return ModelInfo(
      name: name, title: name == "alexnet" ? "AlexNet" : "CNN-LSTM", input: [3, 224, 224], classes: 7,
      parameters: layers.reduce(0) { $0 + $1.parameters }, frozen: 0, flops: layers.reduce(0) { $0 + $1.flops },
      layers: layers, weights: name == "alexnet" ? ["alexnet-imagenet"] : [], measures: isMeasured ? measures : nil)
  }

  /// As `epoch`'s matrix would have it, of utterances of the fake corpus.
  static func predictions(_ run: String) -> RunPredictions {
    let utterances = corpus().utterances
    return RunPredictions(
      run: run, epoch: 15,
      slices: utterances.indices.map { index in
        RunPredictions.Slice(
          utterance: utterances[index].id, slice: index % 3, truth: utterances[index].emotion,
          predicted: (utterances[index].emotion + index % 2) % 7)
      })
  }

  private static func duration(_ corpus: String, _ utterance: String, _ corpora: [CorpusInfo]) -> Double {
    corpora.first { $0.name == corpus }?.utterances.first { $0.id == utterance }?.duration ?? 1
  }

  /// A chirp with a tremolo.
  static func waveform(_ corpus: String, _ utterance: String, seconds: Double) -> Waveform {
    let samples = (0..<Int(seconds * 16_000)).map { index -> Float in
      let t = Double(index) / 16_000
      return Float(0.6 * sin(2 * .pi * (200 * t + 900 * t * t)) * (0.6 + 0.4 * sin(2 * .pi * 3 * t)))
    }
    return Waveform(corpus: corpus, utterance: utterance, samples: samples)
  }

  private static let pictures = Mutex<[String: Picture]>([:])

  /// Made once for each request: the tests ask for the same ones again and again.
  static func picture(_ request: PictureRequest, seconds: Double) -> Picture {
    let key = "\(request) \(seconds)"
    if let known = pictures.withLock({ $0[key] }) { return known }
    let picture = made(request, seconds: seconds)
    pictures.withLock { $0[key] = picture }
    return picture
  }

  /// Four rising harmonics over a seeded noise floor, on the scale that `transform` has.
  private static func made(_ request: PictureRequest, seconds: Double) -> Picture {
    let isNetwork = request.stage == .network || request.stage == .augmented
    let (rows, columns) = (224, isNetwork ? 224 : 229)
    let noise = RandomStream(seed: 7, purpose: request.utterance, request.slice)
    let start = Double(request.slice * request.strideMilliseconds) / 1000
    var values = [Float](repeating: -80, count: rows * columns)
    for row in 0..<rows {
      for column in 0..<columns {
        let t = Double(column) / Double(columns)
        var level = -72 + 10 * Double(noise.uniform(row * columns + column))
        for harmonic in 1...4 {
          let centre = Double(harmonic) * (20 + 25 * t) + 8 * sin(2 * .pi * (2 * t + start))
          let distance = (Double(row) - centre) / 3
          level = max(level, -8 - 9 * Double(harmonic) - 6 * distance * distance)
        }
        values[row * columns + column] = Float(level)
      }
    }
    return Picture(
      request: request,
      slice: RenderedSlice(
        rows: rows, columns: columns, content: content(values, request, columns), time: start...(start + 1),
        rowValues: rowValues(request.transform, rows), rowUnit: request.transform == "mfcc" ? "coefficient" : "Hz",
        sliceCount: max(1, Int(((max(seconds, 1.0001) - 1) * 1000 / Double(request.strideMilliseconds)).rounded(.up)))))
  }

  private static func content(_ values: [Float], _ request: PictureRequest, _ columns: Int) -> RenderedSlice.Content {
    if request.stage == .decibels { return .scalar(values, unit: "dB", range: -80...0) }
    let unit = values.map { max(0, min(1, ($0 + 80) / 80)) }
    if request.stage == .normalised { return .scalar(unit, unit: "", range: 0...1) }
    let mask = RandomStream(seed: request.augmentSeed, purpose: "mask").integer(0, below: 150)
    return .rgb(
      unit.enumerated().flatMap { index, value -> [Float] in
        let column = index % columns
        if request.stage == .augmented, column >= mask, column < mask + 16 { return [0, 0, 0] }
        let entry = ScreenColormap.jet.table[Int(min(255, value * 256))]
        return [Float(entry.red) / 255, Float(entry.green) / 255, Float(entry.blue) / 255]
      })
  }

  private static func rowValues(_ transform: String, _ rows: Int) -> [Double] {
    (0..<rows).map { row in
      switch transform {
      case "mel": 700 * (pow(10, Double(row) / Double(rows) * log10(1 + 8000 / 700)) - 1)
      case "cqt": 32.703 * pow(2, Double(row) / 32)
      case "mfcc": Double(row)
      default: 8000 * Double(row) / Double(rows - 1)
      }
    }
  }

  static func epoch(_ number: Int, of count: Int = 15) -> EpochMetrics {
    let progress = Double(number) / Double(count)
    let confusion = (0..<7).map { truth in
      (0..<7).map { predicted in
        truth == predicted ? Int(20 + 40 * progress) : (truth * 3 + predicted * 5) % 7 + Int(6 * (1 - progress))
      }
    }
    return EpochMetrics(
      epoch: number, step: number * 54, trainLoss: 1.9 * exp(-2 * progress),
      trainAccuracy: 1 - 0.8 * exp(-2.5 * progress),
      validLoss: 0.5 + 1.4 * exp(-2 * progress) + 0.05 * sin(Double(number)),
      validAccuracy: 0.68 - 0.5 * exp(-3 * progress) + 0.02 * sin(Double(number) * 2),
      validUAR: 0.66 - 0.5 * exp(-3 * progress),
      averageAccuracy: nil, confusion: confusion, seconds: 61)
  }

  static func run(
    _ id: String, job: Job? = nil, epochs: Int, status: RunStatus, isOwn: Bool = false
  ) -> RunInfo {
    RunInfo(
      id: id, job: job ?? Job(corpus: "emodb"), status: status, started: start, emotions: emotions,
      notes: ["split utterance: 10 of 10 speakers are in both parts, so numbers say nothing about new voices"],
      epochs: epochs == 0 ? [] : (1...epochs).map { epoch($0) },
      progress: status == .running || status == .paused
        ? RunProgress(
          phase: "training", epoch: epochs + 1, done: 620, total: 1740, rate: 48.2, secondsLeft: 754, loss: 0.83) : nil,
      failure: status == .failed ? "the disk is full: checkpoint-last.safetensors was not written" : nil, isOwn: isOwn)
  }
}
