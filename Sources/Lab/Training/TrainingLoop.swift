import Core
import Foundation
import NN
import Pipeline

/// Trains one network on one job, from wherever its folder's checkpoint stands. Lives on the engine's thread for the whole
/// run; other threads reach it through `RunControl` and the folder's control file, which are read at every batch.
@Engine final class TrainingLoop {
  private let folder: RunFolder
  private let job: Job
  private let data: TrainingData
  private let network: Network
  private let optimiser: Adam
  private let control: RunControl
  private let report: @Sendable (TrainingEvent) -> Void
  private let defence: AdversarialTraining?

  private let options: TrainerOptions
  private let precision: Precision
  /// Of the classes, in the loss.
  private let weights: [Double]?
  /// Gradients of a step that takes several batches.
  private let sum: GradientSum?
  private let stepsPerEpoch: Int

  private var position = Position()
  private var meter = RateMeter()
  private var folderMeter = RateMeter(interval: 0.5)
  private var wishMeter = RateMeter(interval: 0.3)
  /// Seconds that this process was paused.
  private var pausedSeconds = 0.0
  private var toldEstimate = false
  private var stepsDone = 0
  private let began = RateMeter.now()
  /// Images trained and validated by this process, for the rate.
  private var imagesDone = 0
  private var lastCheckpoint = RateMeter.now()
  private var clock = TrainingClock()
  /// Seconds between checkpoints within an epoch; an epoch at a stride of 10 ms takes an hour.
  private let checkpointInterval = 600.0

  init(
    folder: RunFolder, job: Job, data: TrainingData, network: Network, optimiser: Adam, control: RunControl,
    report: @escaping @Sendable (TrainingEvent) -> Void
  ) throws {
    (self.folder, self.job, self.data, self.network) = (folder, job, data, network)
    (self.optimiser, self.control, self.report) = (optimiser, control, report)
    options = job.options ?? TrainerOptions()
    precision = try job.precision()
    weights = try options.lossWeights(
      data.train.map { data.labels[$0] }, classes: data.corpus.emotions.count)
    let batches = options.accumulate ?? 1
    sum = batches > 1 ? try GradientSum(network) : nil
    stepsPerEpoch = (data.train.count + job.batch * batches - 1) / (job.batch * batches)
    defence = try job.defend.map { try AdversarialTraining($0, network: network, job: job, slices: data.labels.count) }
  }

  /// Takes up weights, moments and position where a checkpoint was written.
  ///
  /// - Throws: `NNError` for a checkpoint of another network, `LabError.corpusChanged` when the images differ.
  func resume(from checkpoint: URL) throws {
    let facts = CheckpointFacts(try Checkpoint.load(checkpoint, into: network, optimiser))
    guard let position = facts.position, let scaling = facts.scaling else {
      throw LabError.runUnreadable(folder.id, reason: "its checkpoint tells no position")
    }
    guard scaling == data.scaling else {
      throw LabError.corpusChanged(run: folder.id, reason: data.scaling.differs(from: scaling))
    }
    self.position = position
    try folder.keepMetrics(through: position.epoch - 1)
    report(
      .note("goes on in epoch \(position.epoch) of \(job.epochs), after \(position.batch) of \(stepsPerEpoch) steps"))
  }

  // MARK: the run

  func run() throws -> RunStatus {
    while position.epoch <= job.epochs, !isStale {
      guard try trainEpoch(), let validation = try evaluate(data.valid, phase: TrainingClock.validation),
        let attacked = try attackedAccuracy(), let average = try averageAccuracy(validation)
      else {
        try checkpoint()
        return .stopped
      }
      try endEpoch(validation, attacked: attacked.value, average: average.value)
      if control.wish == .stopAfterEpoch, position.epoch <= job.epochs, !isStale { return .stopped }
    }
    if isStale, position.epoch <= job.epochs {
      report(.note("stopped early: \(position.sinceBest ?? 0) epochs brought no better validation accuracy"))
    }
    return .finished
  }

  /// Whether as many epochs as early stopping waits for have brought nothing better.
  private var isStale: Bool { options.earlyStop.map { (position.sinceBest ?? 0) >= $0 } ?? false }

  /// - Returns: false when asked to stop before the epoch's end.
  private func trainEpoch() throws -> Bool {
    let order = RandomStream(seed: job.seed, purpose: "shuffle", position.epoch).permutation(data.train.count)
    let size = job.batch * (options.accumulate ?? 1)
    // Only while it trains: what is measured is computed as every later command does it.
    network.precision = precision
    defer { network.precision = .float32 }
    var started = working
    while position.batch < stepsPerEpoch {
      guard obey(phase: TrainingClock.training, done: position.batch * size, total: order.count) else {
        position.seconds += working - started
        return false
      }
      let slices = order[position.batch * size..<min(order.count, (position.batch + 1) * size)]
        .map { data.train[$0] }
      try step(slices)
      position.batch += 1
      stepsDone += 1
      imagesDone += slices.count
      // The first one builds the plans, and tells no rate.
      if stepsDone == 1 { restartMeter() }
      if RateMeter.now() - lastCheckpoint > checkpointInterval {
        position.seconds += working - started
        started = working
        try checkpoint()
      }
      tell(phase: TrainingClock.training, done: position.seen, total: order.count)
    }
    position.seconds += working - started
    return true
  }

  /// Seconds on the clock without those of pauses.
  private var working: Double { RateMeter.now() - pausedSeconds }

  /// One step of the optimiser, over one batch or as many as are accumulated.
  private func step(_ slices: [Int]) throws {
    let batches = slices.indices.batches(of: job.batch).map { Array(slices[$0]) }
    let counts = batches.map { lossWeight(withAdversarial($0)) }, total = counts.reduce(0, +)
    for (part, batch) in batches.enumerated() {
      try differentiate(batch, part: part)
      sum?.add(share: counts[part] / total, isFirst: part == 0)
    }
    sum?.settle()
    if let clip = options.clip { network.clipGradients(to: clip) }
    let rate = options.learningRate(
      job.learningRate, step: optimiser.steps, stepsPerEpoch: stepsPerEpoch, epochs: job.epochs)
    optimiser.step(learningRate: rate, weightDecay: job.weightDecay)
  }

  /// What a batch counts in a mean: its samples, or the weights of their classes.
  private func lossWeight(_ slices: [Int]) -> Double {
    guard let weights else { return Double(slices.count) }
    return slices.reduce(0) { $0 + weights[data.labels[$1]] }
  }

  /// The slices of a batch, and again those whose attacked images the defence puts behind it.
  private func withAdversarial(_ slices: [Int]) -> [Int] {
    guard let defence else { return slices }
    return slices + slices.prefix(defence.images(beside: slices.count))
  }

  private func differentiate(_ slices: [Int], part: Int) throws {
    let all = withAdversarial(slices)
    let plan = try network.plan(batch: all.count, demand: .parameterGradients)
    let augment = job.augment == "none" ? nil : (policy: SpecAugment(seed: job.seed), epoch: position.epoch)
    data.images.fill(plan.input, slices: slices, augment: augment)
    let labels = slices.map { data.labels[$0] }
    try defence?.extend(plan.input, slices: slices, labels: labels, epoch: position.epoch)
    plan.forward(.training(seed: job.seed, step: optimiser.steps * (options.accumulate ?? 1) + part))
    let loss = plan.loss(labels: all.map { data.labels[$0] }, weights: weights), weight = lossWeight(slices)
    plan.backward()
    position.lossSum += Double(loss) * weight
    if weights != nil { position.weightSum = (position.weightSum ?? 0) + weight }
    position.correct += zip(plan.predictions, labels).count { $0 == $1 }
    position.seen += slices.count
  }

  private struct Evaluation {
    var lossSum = 0.0
    var weightSum = 0.0
    var confusion: Confusion
    var predictions: [Int] = []
    var loss: Double { weightSum > 0 ? lossSum / weightSum : 0 }
  }

  /// Loss and confusion in evaluation mode, without augmentation.
  ///
  /// - Returns: nil when asked to stop before the end.
  private func evaluate(_ slices: [Int], phase: String) throws -> Evaluation? {
    var evaluation = Evaluation(confusion: Confusion(classes: data.corpus.emotions.count))
    let started = working
    for range in slices.indices.batches(of: job.batch) {
      guard obey(phase: phase, done: range.lowerBound, total: slices.count) else { return nil }
      let batch = Array(slices[range])
      let plan = try network.plan(batch: batch.count, demand: .inference)
      data.images.fill(plan.input, slices: batch)
      plan.forward(.evaluation)
      let labels = batch.map { data.labels[$0] }
      let weight = lossWeight(batch)
      evaluation.lossSum += Double(plan.loss(labels: labels, weights: weights)) * weight
      evaluation.weightSum += weight
      let predictions = plan.predictions
      for (label, prediction) in zip(labels, predictions) {
        evaluation.confusion.add(truth: label, predicted: prediction)
      }
      evaluation.predictions += predictions
      imagesDone += batch.count
      tell(phase: phase, done: range.upperBound, total: slices.count)
    }
    clock.note(phase, seconds: working - started)
    return evaluation
  }

  /// Accuracy on the validation part under the defence's own attack.
  ///
  /// - Returns: nil when asked to stop before the end; a value of nil without a defence.
  private func attackedAccuracy() throws -> (value: Double?, Void)? {
    guard let defence else { return (nil, ()) }
    let phase = TrainingClock.attackedValidation, started = working
    let scratch = try Arena(count: job.batch * 3 * Geometry.pixels)
    let clean = try Arena(count: job.batch * 3 * Geometry.pixels)
    var correct = 0
    for range in data.valid.indices.batches(of: job.batch) {
      guard obey(phase: phase, done: range.lowerBound, total: data.valid.count) else { return nil }
      let slices = Array(data.valid[range])
      data.images.fill(clean.base, slices: slices)
      correct += try defence.attackedCorrect(
        clean.base, slices: slices, labels: slices.map { data.labels[$0] }, scratch: scratch)
      imagesDone += slices.count
      tell(phase: phase, done: range.upperBound, total: data.valid.count)
    }
    clock.note(phase, seconds: working - started)
    return (Double(correct) / Double(data.valid.count), ())
  }

  /// The paper's "average accuracy", over both parts merged; only after the last epoch (early stopping can make any
  /// the last), since it costs a pass over the training part.
  ///
  /// - Returns: nil when asked to stop before the end.
  private func averageAccuracy(_ validation: Evaluation) throws -> (value: Double?, Void)? {
    var after = position
    after.note(validation.confusion.accuracy)
    let ends = options.earlyStop.map { (after.sinceBest ?? 0) >= $0 } ?? false
    guard position.epoch == job.epochs || ends else { return (nil, ()) }
    guard let training = try evaluate(data.train, phase: "average accuracy") else { return nil }
    let right = training.confusion.correct + validation.confusion.correct
    return (Double(right) / Double(data.train.count + data.valid.count), ())
  }

  private func endEpoch(_ validation: Evaluation, attacked: Double?, average: Double?) throws {
    let seen = Double(max(1, position.seen)), weight = position.weightSum ?? seen
    let metrics = EpochMetrics(
      epoch: position.epoch, step: optimiser.steps, trainLoss: position.lossSum / weight,
      trainAccuracy: Double(position.correct) / seen, validLoss: validation.loss,
      validAccuracy: validation.confusion.accuracy, validUAR: validation.confusion.unweightedAverageRecall,
      averageAccuracy: average, confusion: validation.confusion.counts, seconds: position.seconds,
      attackedAccuracy: attacked)
    try folder.append(metrics)
    try folder.keep(predictions(validation))
    report(.epoch(metrics))
    guard metrics.trainLoss.isFinite, metrics.validLoss.isFinite, network.isFinite else { throw diverged }
    let isBest = metrics.validAccuracy > position.bestAccuracy
    position.note(metrics.validAccuracy)
    position.startNextEpoch()
    // The best one first: a kill between the two then repeats this epoch and writes the same best again.
    if isBest { try Checkpoint.save(network, metadata: metadata(), to: folder.bestCheckpoint) }
    try writeLastCheckpoint()
  }

  private func predictions(_ validation: Evaluation) -> RunPredictions {
    let slices = zip(data.valid, validation.predictions).map { slice, predicted in
      let place = data.plan.table.locate(slice)
      return RunPredictions.Slice(
        utterance: data.corpus.utterances[place.utterance].id, slice: place.index, truth: data.labels[slice],
        predicted: predicted)
    }
    return RunPredictions(run: folder.id, epoch: position.epoch, slices: slices)
  }

  // MARK: checkpoints

  /// Weights that are no numbers replace none that are, whatever a stop or the clock asks for.
  private func checkpoint() throws {
    guard position.lossSum.isFinite, network.isFinite else { throw diverged }
    try writeLastCheckpoint()
  }

  private func writeLastCheckpoint() throws {
    try Checkpoint.save(network, optimiser, metadata: metadata(), to: folder.lastCheckpoint)
    lastCheckpoint = RateMeter.now()
  }

  private var diverged: LabError { .diverged(epoch: position.epoch, step: optimiser.steps) }

  private func metadata() throws -> [String: String] {
    try CheckpointFacts.metadata(
      job: job, emotions: data.corpus.emotions, scaling: data.scaling, position: position, parts: data.plan.parts)
  }

  // MARK: wishes and progress

  /// Waits while paused. - Returns: false when asked to stop now.
  private func obey(phase: String, done: Int, total: Int) -> Bool {
    // One phase's rate is not another's.
    if clock.enter(phase) { restartMeter() }
    if wishMeter.isDue(), control.wish != .stopNow { for wish in folder.takeWishes() { control.wish = wish } }
    let began = RateMeter.now()
    var isPaused = false
    while control.wish == .pause {
      let progress = progress(phase: phase, done: done, total: total)
      if !isPaused { report(.progress(progress, paused: true)) }
      isPaused = true
      folder.report(progress, paused: true)
      Thread.sleep(forTimeInterval: 0.2)
      for wish in folder.takeWishes() { control.wish = wish }
      restartMeter()
    }
    if isPaused { pausedSeconds += RateMeter.now() - began }
    return control.wish != .stopNow
  }

  private func restartMeter() {
    meter = RateMeter()
    meter.mark(imagesDone)
  }

  private func tell(phase: String, done: Int, total: Int) {
    meter.mark(imagesDone)
    guard meter.isDue() else { return }
    let progress = progress(phase: phase, done: done, total: total)
    estimate(progress)
    report(.progress(progress, paused: false))
    if folderMeter.isDue() { folder.report(progress, paused: false) }
  }

  /// Says once how long the whole may take, when a few batches have been timed (the first one builds the plans).
  private func estimate(_ progress: RunProgress) {
    guard !toldEstimate, progress.phase == TrainingClock.training, stepsDone >= 5, RateMeter.now() - began > 2,
      let left = progress.secondsLeft
    else { return }
    toldEstimate = true
    let epochs = job.epochs - position.epoch + 1
    report(.note("about \(DurationText.of(left)) for \(epochs == 1 ? "this epoch" : "\(epochs) epochs")"))
  }

  private func progress(phase: String, done: Int, total: Int) -> RunProgress {
    let rate = meter.rate
    let left = clock.secondsLeft(
      phase, done: done, of: total, rate: rate, epochsAfter: job.epochs - position.epoch, train: data.train.count,
      valid: data.valid.count, isDefended: defence != nil)
    return RunProgress(
      phase: phase, epoch: position.epoch, done: done, total: total, rate: rate, secondsLeft: left,
      loss: position.seen > 0 ? position.lossSum / (position.weightSum ?? Double(position.seen)) : nil)
  }
}

extension Plan {
  /// The class of the largest logit of each sample, the first of equals; 0 where all are NaN.
  fileprivate var predictions: [Int] {
    (0..<batch).map { sample in
      let row = logits + sample * outputs
      return (1..<outputs).reduce(0) { row[$1] > row[$0] ? $1 : $0 }
    }
  }
}
