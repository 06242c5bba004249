import Core
import Foundation

/// What the workbench asks of the engine. Asking never blocks; answers arrive as events.
package enum Request: Sendable, Equatable {
  case loadCorpora
  /// Answered by `Event.waveform`.
  case openUtterance(corpus: String, utterance: String)
  /// Answered by `Event.picture`; a newer request of this kind may replace one not yet begun.
  case picture(PictureRequest)
  case loadRuns
  /// Answered by `Event.models`.
  case loadModels
  /// Plans and times a network at the default batch; answered by `Event.model`, or refused while a run is live here.
  case measureModel(String)
  /// A slice before and after an attack, with attention: answered by `Event.explained` or `Event.explainFailed`; a newer
  /// request replaces an older one. Refused while a run is live here.
  case explain(ExplainRequest)
  /// Answered by `Event.mapNodes`.
  case mapNodes(run: String)
  /// Features in the plane: answered by `Event.embedded`; refused while a run is live here.
  case embed(EmbeddingWish)
  /// Mean attention by class: answered by `Event.attended`; refused while a run is live here.
  case attend(AttentionWish)
  /// Stops what `embed` or `attend` began; the same again goes on with it.
  case stopSurvey
  /// Stops the attack of an `explain` that is under way.
  case stopExplaining
  /// All epochs of a run whose list entry holds only the last; answered by `Event.run`.
  case openRun(String)
  /// Begins at once, or waits its turn when a run is being trained here.
  case train(Job)
  case resume(run: String)
  /// Deletes a run that is not live, with all that was computed from it; answered by `Event.runs`.
  case removeRun(String)
  case queue(QueueWish)
  /// Whether what waits begins nothing: true while the user is leaving, so that it is kept for the next session.
  case holdQueue(Bool)
  /// Attacks a whole part of a run; begins at once, or waits its turn.
  case attack(AttackWish)
  /// Pause, proceed, stop: the attack that this process makes.
  case controlAttack(RunControl.Wish)
  /// Answered by `Event.results`.
  case loadResults
  /// Answered by `Event.attackedSlices` or `Event.slicesFailed`.
  case loadSlices(run: String, set: String)
  /// What a training or an attack will cost; answered by `Event.estimate`.
  case estimate(RunQueue.Work)
  /// Answered by `Event.predictions`.
  case predictions(run: String)
  /// Plays a part of an utterance, in seconds; nil plays all of it.
  case play(corpus: String, utterance: String, part: ClosedRange<Double>?)
  case stopPlaying
  /// Pause, proceed, stop after the epoch, stop now; reaches runs of other processes too.
  case control(run: String, RunControl.Wish)
}

/// What the engine tells the workbench. Progress is coalesced; an epoch's end and a failure are never dropped.
package enum Event: Sendable, Equatable {
  case corpora([CorpusInfo])
  case waveform(Waveform)
  case picture(Picture)
  /// The picture that was asked for cannot be made, and why, in one sentence.
  case pictureFailed(PictureRequest, String)
  case runs([RunInfo])
  case models([ModelInfo])
  case model(ModelInfo)
  case run(RunInfo)
  case explained(Explanation)
  case explainFailed(ExplainRequest, String)
  case mapNodes(MapNodes)
  /// How far the embedding is that is being made; nil when it has ended.
  case embedding(RunProgress?)
  /// The points where they are by now, and no measure of their trust.
  case embeddingSoFar(EmbeddingWish, RunEmbedding)
  case embedded(EmbeddingWish, RunEmbedding)
  /// How far the mean attention is that is being made; nil when it has ended.
  case attending(RunProgress?)
  case attended(AttentionWish, AttentionReport)
  /// How far an attack is that takes long.
  case explaining(ExplainRequest, RunProgress)
  case queue(RunQueue)
  case estimate(RunQueue.Work, Estimate)
  /// Of all runs that have any.
  case results([RunResults])
  case attackedSlices(AttackedSlices)
  /// The slices that were asked for cannot be read, and why, in one sentence.
  case slicesFailed(run: String, set: String, sentence: String)
  /// The attack that this process makes; nil when it has ended.
  case attacking(AttackStatus?)
  case predictions(RunPredictions)
  /// What this process computed has ended, and nothing else waits for the engine.
  case engineFree
  /// What the machine and this process are busy with; told while a run is live.
  case usage(Usage)
  case log(LogLine)
  /// One sentence about a request that could not be met.
  case failed(String)
}

package struct LogLine: Sendable, Equatable {
  package enum Level: String, Sendable { case info, warning, error }

  package let time: Date
  package let level: Level
  package let text: String

  package init(time: Date, level: Level, text: String) {
    (self.time, self.level, self.text) = (time, level, text)
  }
}

/// The door between the workbench and everything that computes.
package protocol Backend: Sendable {
  func send(_ request: Request)
  /// Takes all events that have arrived.
  func drain() -> [Event]
  /// Readable when events wait; for poll(2) beside the terminal's input.
  var wakeDescriptor: Int32 { get }
  /// Names from the registries, for keys and forms.
  var transforms: [String] { get }
  var models: [String] { get }
  /// The program that plays sound here; nil where there is none.
  var player: String? { get }
  /// True while this process trains or attacks, or is about to.
  var isTraining: Bool { get }
}
