import Foundation
import Lab
import Synchronization
import Testing

/// A shell script plays: it goes on until it is stopped, and then ends with a failure, as aplay does.
@Suite struct SoundPlayerTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("quaver-sound-\(UUID().uuidString)")

  private static let script = """
    #!/bin/sh
    here=$(dirname "$0")
    if [ -e "$here/fails" ]; then exit 3; fi
    trap 'touch "$here/ended.$$"; exit 1' TERM
    touch "$here/began.$$"
    while :; do sleep 0.02; done
    """

  private final class Failures: Sendable {
    private let all = Mutex<[String]>([])
    var sentences: [String] { all.withLock { $0 } }
    func add(_ failure: LabError) { all.withLock { $0.append(failure.description) } }
  }

  private func player() throws -> SoundPlayer {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let program = folder.appendingPathComponent("player")
    try Data(Self.script.utf8).write(to: program)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    return try #require(SoundPlayer(wanted: program.path, folder: folder.appendingPathComponent("cache")))
  }

  private func count(_ prefix: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.count { $0.hasPrefix(prefix) }
  }

  private func wait(_ what: String, until isTrue: () -> Bool) async throws {
    for _ in 0..<1200 {
      if isTrue() { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("\(what) did not come")
  }

  @Test func aSoundThatIsStoppedOrReplacedHasNotFailed() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let player = try player(), failures = Failures()
    let samples = [Float](repeating: 0.1, count: 1600)
    try player.play(samples, part: nil) { failures.add($0) }
    try await wait("the first sound") { count("began.") == 1 }
    try player.play(samples, part: 0...0.05) { failures.add($0) }
    try await wait("the second sound") { count("began.") == 2 }
    player.stop()
    try await wait("the end of both") { count("ended.") == 2 }
    // One that fails by itself is told, long after the others were.
    try Data().write(to: folder.appendingPathComponent("fails"))
    try player.play(samples, part: nil) { failures.add($0) }
    try await wait("the failure") { !failures.sentences.isEmpty }
    #expect(failures.sentences == ["player could not play this (it ended with 3; is there a sound device?)"])
  }
}
