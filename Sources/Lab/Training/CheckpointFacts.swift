import Core
import Foundation
import Pipeline

/// What a run's checkpoint tells beside its weights; nil where it does not, as in weights from elsewhere.
struct CheckpointFacts {
  /// The levels that its images were scaled by.
  let scaling: Scaling?
  let position: Position?
  /// Of its last layer's classes, in their order.
  let emotions: [String]?
  /// What the weights were trained on, the last first; empty where nothing tells.
  let trainedOn: [TrainedOn]

  init(_ metadata: [String: String]) {
    func decode<T: Decodable>(_ key: String) -> T? {
      metadata[key].flatMap { try? JSON.decoder().decode(T.self, from: Data($0.utf8)) }
    }
    (scaling, position) = (decode(Self.scalingKey), decode(Self.positionKey))
    emotions = decode(Self.emotionsKey)
    let job: Job? = decode(Self.jobKey)
    trainedOn = decode(Self.trainedOnKey) ?? [job].compactMap(\.self).map { TrainedOn($0) }
  }

  static let trainedOnKey = "quaver.trained-on", emotionsKey = "quaver.emotions"
  private static let jobKey = "quaver.job", scalingKey = "quaver.scaling", positionKey = "quaver.position"

  /// What a reader needs to use the weights: corpus constants, classes, and the position to resume from.
  static func metadata(
    job: Job, emotions: [String], scaling: Scaling, position: Position, parts: String
  ) throws -> [String: String] {
    [
      trainedOnKey: try JSON.line([TrainedOn(job, parts: parts)]),
      jobKey: try JSON.line(job), positionKey: try JSON.line(position),
      emotionsKey: try JSON.line(emotions), scalingKey: try JSON.line(scaling),
    ]
  }
}
