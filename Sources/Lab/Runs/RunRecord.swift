import Core
import Foundation
import NN

/// `job.json`: written once, before a run's first step.
package struct RunRecord: Codable, Sendable, Equatable {
  package var job: Job
  package var emotions: [String]
  /// Said beside every number of this run: split, sizes, leakage.
  package var notes: [String]
  package var created: Date
  package var machine: Machine
  /// Identity of the data: changes with any file's name, class, length or rate, and with the split.
  package var fingerprint: String
  /// Changes with every byte of the corpus's sound files; nil in runs of versions that did not look.
  package var sounds: String?

  /// Said of a run where they have changed.
  package static let otherSounds = "the sound files are no longer, byte for byte, those it was trained on"

  package init(
    job: Job, emotions: [String], notes: [String], created: Date, machine: Machine, fingerprint: String,
    sounds: String? = nil
  ) {
    (self.job, self.emotions, self.notes, self.created) = (job, emotions, notes, created)
    (self.machine, self.fingerprint, self.sounds) = (machine, fingerprint, sounds)
  }
}

/// What bits depend on besides the job: a resumed run says when one of these has changed.
package struct Machine: Codable, Sendable, Equatable, CustomStringConvertible {
  package var processor: String
  package var threads: Int
  package var libraries: [String: String]

  package init(processor: String, threads: Int, libraries: [String: String]) {
    (self.processor, self.threads, self.libraries) = (processor, threads, libraries)
  }

  /// This process's machine.
  package static var current: Machine {
    let engine = "\(Library.name) revision \(Library.revision)"
    return Machine(processor: processorName, threads: Engine.settings.threads, libraries: ["engine": engine])
  }

  /// Of its description; nil of what is none.
  init?(_ description: String) {
    let parts = description.components(separatedBy: ", ")
    let places = parts.indices.filter { parts[$0].hasSuffix(Self.threadsWord) }
    guard let place = places.last, let threads = Int(parts[place].dropLast(Self.threadsWord.count)) else { return nil }
    let libraries = parts[(place + 1)...].compactMap { part -> (String, String)? in
      guard let space = part.firstIndex(of: " ") else { return nil }
      return (String(part[..<space]), String(part[part.index(after: space)...]))
    }
    self.init(
      processor: parts[..<place].joined(separator: ", "), threads: threads,
      libraries: Dictionary(libraries, uniquingKeysWith: { first, _ in first }))
  }

  private static let threadsWord = " threads"

  package var description: String {
    let libraries = libraries.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return ([processor, "\(threads)\(Self.threadsWord)"] + libraries).joined(separator: ", ")
  }

  /// The processor's name as the kernel gives it.
  package static var processorName: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }
}

/// `outcome.json`: how a run ended. Absent while it runs, and when it was interrupted.
package struct RunOutcome: Codable, Sendable, Equatable {
  package var status: RunStatus
  package var failure: String?

  package init(status: RunStatus, failure: String? = nil) {
    (self.status, self.failure) = (status, failure)
  }
}

/// `progress.json`: where a live run stands, and whether it is paused.
struct LiveProgress: Codable, Equatable {
  var progress: RunProgress
  var paused: Bool
}
