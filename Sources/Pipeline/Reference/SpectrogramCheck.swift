import Core
import Foundation

/// Reference files of kind `spectrogram`: one slice's wave, its dB matrix, its index image and the jet table.
package struct SpectrogramCheck: ReferenceCheck {
  package let kind = "spectrogram"

  package init() {}

  package func verdict(on file: SafeTensors, emodb: URL?) async throws -> Verdict {
    let transform = try Transforms.named(try metadata("transform", of: file))
    let range = try decoded([Float].self, try metadata("normalise", of: file), of: file)
    guard range.count == 2 else {
      throw CoreError.malformedTensors(path: file.path, reason: "normalise holds \(range.count) values, not 2")
    }
    let wave = try tensor("wave", count: Slicer.length, as: Float.self, of: file)
    let expected = try tensor("db", count: Geometry.cells, as: Float.self, of: file)
    let image = try tensor("index", count: Geometry.pixels, as: UInt8.self, of: file)
    let jet = try tensor("jet", count: 768, as: Float.self, of: file)

    let matrix = try transform.matrix(of: wave)
    let ours = IndexImage.make(matrix, scaling: Scaling(lo: range[0], hi: range[1]))
    return Verdict(
      checks: [decibels(transform.name, matrix, expected)] + index(transform.name, ours, image) + [
        ("jet \(Colormap.jet.entries == jet ? "equal" : "differs")", Colormap.jet.entries == jet)
      ])
  }

  private func decibels(_ transform: String, _ ours: [Float], _ theirs: [Float]) -> (text: String, holds: Bool) {
    let errors = zip(ours, theirs).map { abs($0 - $1) }
    let worst = errors.max() ?? .infinity
    if transform == "cqt" {
      let share = Double(errors.count { $0 <= 0.5 }) / Double(errors.count)
      let text = "db ≤ 0.5 on \(percent(share)) ≥ 99.5 % (max \(decimal(worst)))"
      return (text, share >= 0.995)
    }
    let limit: Float = transform == "mfcc" ? 0.1 : 0.05
    return ("db max \(decimal(worst)) ≤ \(limit)", worst <= limit)
  }

  private func index(_ transform: String, _ ours: [UInt8], _ theirs: [UInt8]) -> [(text: String, holds: Bool)] {
    let steps = zip(ours, theirs).map { abs(Int($0) - Int($1)) }
    let equal = Double(steps.count { $0 == 0 }) / Double(steps.count), most = steps.max() ?? 256
    let share = transform == "cqt" ? 0.97 : 0.99
    return [
      ("index equal \(percent(equal)) ≥ \(percent(share))", equal >= share),
      ("off by \(most) ≤ 2", most <= 2),
    ]
  }
}

func decimal(_ value: Float) -> String { String(format: "%.4f", Double(value)) }
func percent(_ share: Double) -> String { String(format: "%.2f %%", 100 * share) }

func metadata(_ key: String, of file: SafeTensors) throws -> String {
  guard let value = file.metadata[key] else {
    throw CoreError.malformedTensors(path: file.path, reason: "its metadata lacks “\(key)”")
  }
  return value
}

func decoded<T: Decodable>(_ type: T.Type, _ json: String, of file: SafeTensors) throws -> T {
  do { return try JSONDecoder().decode(type, from: Data(json.utf8)) } catch {
    throw CoreError.malformedTensors(path: file.path, reason: "metadata “\(json.prefix(40))” is not \(type)")
  }
}

func tensor<T: BitwiseCopyable>(_ name: String, count: Int, as type: T.Type, of file: SafeTensors) throws -> [T] {
  let values = try file.array(name, as: type)
  guard values.count == count else {
    throw CoreError.malformedTensors(path: file.path, reason: "“\(name)” holds \(values.count) values, not \(count)")
  }
  return values
}
