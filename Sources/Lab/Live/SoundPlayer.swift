import Core
import Foundation
import Synchronization

/// Plays sound through a program that is there; one sound at a time.
package final class SoundPlayer: Sendable {
  /// Programs that are looked for, with what they need beside the file.
  private static let known: [(name: String, arguments: [String])] = [
    ("aplay", ["-q"]), ("ffplay", ["-nodisp", "-autoexit", "-loglevel", "quiet"]),
  ]

  package let name: String
  private let program: URL
  private let arguments: [String]
  private let folder: URL
  private let playing = Mutex<Process?>(nil)

  /// - Parameter wanted: a command with its arguments ($QUAVER_PLAYER); it gets the path of a WAV file at its end.
  /// - Returns: nil when neither that nor one of the known programs is there.
  package init?(wanted: String?, folder: URL) {
    let words = (wanted ?? "").split(separator: " ").map(String.init)
    let candidates = (words.first.map { [($0, Array(words.dropFirst()))] } ?? []) + Self.known
    for (name, arguments) in candidates {
      guard let program = Self.find(name) else { continue }
      (self.name, self.program, self.arguments, self.folder) = (
        URL(fileURLWithPath: name).lastPathComponent, program, arguments, folder
      )
      return
    }
    return nil
  }

  private static func find(_ name: String) -> URL? {
    if name.contains("/") { return access(name, X_OK) == 0 ? URL(fileURLWithPath: name) : nil }
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { URL(fileURLWithPath: String($0)).appendingPathComponent(name) }
      .first { access($0.path, X_OK) == 0 }
  }

  /// - Parameters:
  ///   - samples: mono at 16 kHz.
  ///   - part: seconds; nil plays all.
  ///   - failed: told when the program ends with a failure of its own, not when it is stopped.
  /// - Throws: `LabError.cannotPlay`, `CoreError.cannotWrite`.
  package func play(
    _ samples: [Float], part: ClosedRange<Double>?, failed: @escaping @Sendable (LabError) -> Void
  ) throws {
    stop()
    let rate = Double(Waveform.sampleRate)
    let first = max(0, min(samples.count, Int((part?.lowerBound ?? 0) * rate)))
    let last = max(first, min(samples.count, part.map { Int($0.upperBound * rate) } ?? samples.count))
    let file = folder.appendingPathComponent("playing-\(getpid()).wav")
    try RunStore.makeFolder(folder)
    try AtomicFile.write(file, Self.wave(samples[first..<last]))
    let process = Process()
    (process.executableURL, process.arguments) = (program, arguments + [file.path])
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.terminationHandler = { [weak self] ended in
      // Players end with a failure where they are stopped, too.
      guard let self, ended.terminationReason == .exit, ended.terminationStatus != 0 else { return }
      guard isCurrent(ended) else { return }
      failed(.cannotPlay(name, reason: "it ended with \(ended.terminationStatus); is there a sound device?"))
    }
    // Under one lock, so that a program that ends at once is known by then.
    try playing.withLock { current in
      // Stopped meanwhile.
      guard access(file.path, R_OK) == 0 else { return }
      do { try process.run() } catch { throw LabError.cannotPlay(name, reason: AtomicFile.reason(of: error)) }
      current = process
    }
  }

  /// False once it was stopped or another sound took its place.
  private func isCurrent(_ process: Process) -> Bool {
    let wanted = ObjectIdentifier(process)
    return playing.withLock { current in current.map { ObjectIdentifier($0) } == wanted }
  }

  package func stop() {
    playing.withLock { process in
      if let process, process.isRunning { process.terminate() }
      process = nil
      try? FileManager.default.removeItem(at: folder.appendingPathComponent("playing-\(getpid()).wav"))
    }
  }

  /// 16-bit PCM; what lies outside of ±1 is clipped.
  private static func wave(_ samples: ArraySlice<Float>) -> Data {
    var data = Data()
    func add(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }
    data.append(contentsOf: "RIFF".utf8)
    add(UInt32(36 + 2 * samples.count))
    data.append(contentsOf: "WAVEfmt ".utf8)
    add(UInt32(16))
    add(UInt16(1))
    add(UInt16(1))
    add(UInt32(Waveform.sampleRate))
    add(UInt32(2 * Waveform.sampleRate))
    add(UInt16(2))
    add(UInt16(16))
    data.append(contentsOf: "data".utf8)
    add(UInt32(2 * samples.count))
    for sample in samples { add(Int16(max(-1, min(1, sample.isFinite ? sample : 0)) * 32_767)) }
    return data
  }
}
