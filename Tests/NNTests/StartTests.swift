import Core
import Foundation
import NN
import Testing

/// Before the first step, our parameters are distributed as torchvision's, timm's and transformers' are
/// (Goldens/starts.csv, written by Tests/Interop/make-start-goldens.py).
@Suite(.serialized) struct StartTests {
  /// What a golden line says of one parameter.
  private struct Expected {
    let network: String, parameter: String
    let count: Int
    let mean: Double, deviation: Double, fourth: Double, largest: Double

    init?(_ line: Substring) {
      let fields = line.split(separator: ",").map(String.init)
      guard fields.count == 7, let count = Int(fields[2]) else { return nil }
      let numbers = fields[3...].compactMap(Double.init)
      guard numbers.count == 4 else { return nil }
      (network, parameter, self.count) = (fields[0], fields[1], count)
      (mean, deviation, fourth, largest) = (numbers[0], numbers[1], numbers[2], numbers[3])
    }
  }

  private static func goldens() throws -> [Expected] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens/starts.csv")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst()
    let goldens = lines.compactMap { Expected($0) }
    #expect(goldens.count == lines.count && goldens.count > 300)
    return goldens
  }

  @Test func parametersStartAsUpstreams() async throws {
    let goldens = try Self.goldens()
    #expect(Set(goldens.map(\.network)) == Set(Networks.all.map(\.name)))
    try await Engine.run {
      for entry in Networks.all {
        let network = try Network(entry)
        network.initialise(seed: 11)
        let parameters = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0) })
        for expected in goldens where expected.network == entry.name {
          guard let parameter = parameters[expected.parameter], parameter.count == expected.count else {
            Issue.record("\(entry.name) has no \(expected.parameter) of \(expected.count) numbers")
            continue
          }
          Self.compare(parameter, expected)
        }
      }
    }
  }

  /// Both sides are samples: their difference is held to six standard errors of the estimate, which is √2 of one's.
  @Engine private static func compare(_ parameter: Parameter, _ expected: Expected) {
    let count = Double(parameter.count), name = "\(expected.network) \(expected.parameter)"
    var mean = 0.0, second = 0.0, fourth = 0.0, largest = 0.0
    for i in 0..<parameter.count {
      mean += Double(parameter.values[i])
      largest = max(largest, Double(abs(parameter.values[i])))
    }
    mean /= count
    for i in 0..<parameter.count {
      let square = (Double(parameter.values[i]) - mean) * (Double(parameter.values[i]) - mean)
      second += square
      fourth += square * square
    }
    let deviation = (second / count).squareRoot()
    guard expected.deviation > 0 else {
      #expect(deviation == 0 && mean == expected.mean, "\(name) is not constant")
      return
    }
    let reach = 6 * (2 / count).squareRoot()
    #expect(abs(mean - expected.mean) <= reach * expected.deviation, "\(name): mean \(mean)")
    let spread = ((expected.fourth - 1) / 4).squareRoot()
    #expect(abs(deviation / expected.deviation - 1) <= reach * spread, "\(name): deviation \(deviation)")
    guard parameter.count >= 1000 else { return }
    // Uniform: 1.8. Normal: 3, with a heavier tail to its own estimate.
    let shape = fourth / count / (deviation * deviation * deviation * deviation)
    #expect(abs(shape - expected.fourth) <= reach * 24.0.squareRoot(), "\(name): fourth moment \(shape)")
    if expected.fourth < 2 {
      #expect(abs(largest / expected.largest - 1) <= 12 / count + 1e-3, "\(name): bound \(largest)")
    }
  }
}
