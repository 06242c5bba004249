import Core
import Foundation
import Weights

/// Opens damaged files as a user's would be opened, reads every tensor, and matches them to a network.
package struct FuzzRun: Sendable {
  /// Files whose damage was none that a reader could see, read to the end.
  package private(set) var opened = 0
  /// Sentences given, by a reader or by the match.
  package private(set) var refused = 0
  /// What must not happen: errors that are no sentence for the user, with the number of the damaged file.
  package private(set) var failures: [String] = []
  /// Number and time of the slowest file.
  package private(set) var slowest: (index: Int, time: Duration) = (0, .zero)

  private let mutator: Mutator

  package init(_ mutator: Mutator) { self.mutator = mutator }

  /// Tries the damaged file number `index`.
  package mutating func attempt(_ index: Int) {
    let start = ContinuousClock.now
    do {
      let file = try WeightFile(Data(mutator.file(index)), path: "damaged")
      for name in file.tensors.keys.sorted() { _ = try file.floats(name) }
      opened += 1
      try Self.match(file)
    } catch let error as any UserError {
      refused += 1
      let sentence = error.description
      let isOneLine = !sentence.unicodeScalars.contains { $0.properties.generalCategory == .control }
      if !isOneLine || sentence.utf8.count > 4_000 { failures.append("\(index): a sentence that is none: \(sentence)") }
    } catch {
      failures.append("\(index): \(error)")
    }
    let time = ContinuousClock.now - start
    if time > slowest.time { slowest = (index, time) }
  }

  private static func match(_ file: WeightFile) throws {
    let match = try WeightMatch(wanted, in: file, head: .append)
    precondition(!match.lines.isEmpty, "a match without a line")
    try match.check(partial: true, in: file)
    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 64)
    defer { memory.deallocate() }
    _ = try match.load(from: file) { UnsafeMutableBufferPointer(rebasing: memory[..<$0.count]) }
  }

  /// Tensors that the good files hold.
  private static let wanted = [
    WantedTensor(name: "net.weight", shape: [2, 3]), WantedTensor(name: "net.bias", shape: [3]),
    WantedTensor(name: "0.weight", shape: [2, 3]), WantedTensor(name: "1.running_var", shape: [2]),
    WantedTensor(name: "half", shape: [4]),
  ]
}
