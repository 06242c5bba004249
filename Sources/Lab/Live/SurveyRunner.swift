import Core
import Foundation
import Pipeline

/// Makes one survey of a run at a time for the screen: its features in the plane, or its attention by class. What a stopped
/// one has done is kept in the run's folder.
final class SurveyRunner: Sendable {
  private let laboratory: Laboratory
  private let mailbox: Mailbox
  private let controls: OwnRuns

  init(_ laboratory: Laboratory, _ mailbox: Mailbox, _ controls: OwnRuns) {
    (self.laboratory, self.mailbox, self.controls) = (laboratory, mailbox, controls)
  }

  /// - Parameter freed: called when the engine is free again.
  func embed(_ wish: EmbeddingWish, freed: @escaping @Sendable () -> Void) {
    begin("the map of \(wish.run)", { .embedding($0) }, freed) { [laboratory, mailbox] control, report in
      let embedding = try await laboratory.embed(
        try laboratory.subject(wish.run), try wish.order(), control: control,
        watch: { mailbox.post(.embeddingSoFar(wish, $0)) }, report: report)
      return .embedded(wish, embedding)
    }
  }

  /// - Parameter freed: called when the engine is free again.
  func attend(_ wish: AttentionWish, freed: @escaping @Sendable () -> Void) {
    begin("the mean attention of \(wish.run)", { .attending($0) }, freed) { [laboratory] control, report in
      let attention = try await laboratory.attention(
        try laboratory.subject(wish.run), try wish.order(), control: control, report: report)
      return .attended(wish, attention)
    }
  }

  /// The engine belongs to one task at a time: refused while a run is live here.
  private func begin(
    _ name: String, _ progress: @escaping @Sendable (RunProgress?) -> Event,
    _ freed: @escaping @Sendable () -> Void,
    _ make: @escaping @Sendable (RunControl, @escaping @Sendable (RunProgress) -> Void) async throws -> Event
  ) {
    let control = RunControl()
    guard controls.begin(control, .survey) else { return mailbox.post(.failed(LabError.engineBusy.description)) }
    mailbox.post(progress(RunProgress(phase: "reading", epoch: 0, done: 0, total: 1, rate: 0, secondsLeft: nil)))
    Task.detached(priority: .utility) { [self] in
      do {
        mailbox.post(try await make(control) { [mailbox] in mailbox.post(progress($0)) })
      } catch PipelineError.stopped {
        mailbox.post(.log(LogLine(time: Date(), level: .info, text: "\(name) was stopped; r goes on")))
      } catch { mailbox.post(.failed("\(error)")) }
      controls.end()
      mailbox.post(progress(nil))
      freed()
    }
  }
}
