import Foundation
import Kernels

/// Where the peers' Python and their scripts are.
package struct PeerFolders: Sendable {
  private let python: URL
  package let scripts: URL

  /// - Parameters:
  ///   - peers: a folder that `Benchmarks/setup-peers` made; nil: $QUAVER_PEERS, else where it makes one by default.
  ///   - scripts: the folder `Benchmarks`.
  package init(peers: String?, scripts: URL) {
    let environment = ProcessInfo.processInfo.environment
    func folder(_ name: String, _ otherwise: String) -> String {
      environment[name].flatMap { $0.isEmpty ? nil : $0 } ?? otherwise
    }
    let cache = folder("XDG_CACHE_HOME", NSHomeDirectory() + "/.cache")
    let chosen = peers ?? folder("QUAVER_PEERS", cache + "/quaver/peers")
    python = URL(fileURLWithPath: (chosen as NSString).expandingTildeInPath).appendingPathComponent("bin/python")
    self.scripts = scripts
  }

  package var thresholds: URL { scripts.appendingPathComponent("thresholds.json") }

  /// - Throws: `LabError.noPeers`.
  package func start(_ script: String, _ arguments: [String], threads: Int) throws -> PeerProcess {
    let program = scripts.appendingPathComponent(script).path
    guard access(python.path, X_OK) == 0, access(program, R_OK) == 0 else {
      throw LabError.noPeers(python: python.path, script: program)
    }
    return try PeerProcess(python, [program] + arguments, threads: threads)
  }
}

/// A peer that takes turns with us: it says who it is once it is warm, then answers each number of seconds with its speed.
package final class PeerProcess {
  package let about: PeerAbout
  private let process = Process()
  private let questions = Pipe(), answers = Pipe()
  private let name: String
  private var unread = Data()

  private struct Answer: Decodable {
    let rate: Double
    let peakBytes: Int?

    enum CodingKeys: String, CodingKey {
      case rate
      case peakBytes = "peak_bytes"
    }
  }

  fileprivate init(_ program: URL, _ arguments: [String], threads: Int) throws {
    name = ([program.lastPathComponent] + arguments).joined(separator: " ")
    (process.executableURL, process.arguments) = (program, arguments)
    // Some machines force an old OpenBLAS kernel, which would slow the peer.
    let forced = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    var environment = ProcessInfo.processInfo.environment.filter {
      !forced.contains($0.key) && !$0.key.hasPrefix("GOMP_")
    }
    (environment["OMP_NUM_THREADS"], environment["PYTHONDONTWRITEBYTECODE"]) = ("\(threads)", "1")
    process.environment = environment
    (process.standardInput, process.standardOutput) = (questions, answers)
    // OpenMP's settings may have bound this thread to one processor, which a child would inherit.
    let processors = quaver_unbind_thread()
    defer { quaver_bind_thread(processors) }
    do { try process.run() } catch { throw LabError.peerFailed(name) }
    let handle = answers.fileHandleForReading
    guard let line = Self.line(from: handle, &unread),
      let about = try? JSON.decoder().decode(PeerAbout.self, from: line)
    else {
      // No deinit follows, and a child that nobody waits for hides others from those who wait for any. What it started
      // itself ends with its input.
      try? questions.fileHandleForWriting.close()
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      throw LabError.peerFailed(name)
    }
    self.about = about
  }

  /// Things a second by the median of about so many seconds, at least of one step, and the process's peak memory.
  ///
  /// - Throws: `LabError.peerFailed`; what the peer said stands on stderr.
  package func round(seconds: Double) throws -> (rate: Double, peakBytes: Int?) {
    do { try questions.fileHandleForWriting.write(contentsOf: Data("\(seconds)\n".utf8)) } catch {
      throw LabError.peerFailed(name)
    }
    guard let line = Self.line(from: answers.fileHandleForReading, &unread),
      let answer = try? JSON.decoder().decode(Answer.self, from: line)
    else { throw LabError.peerFailed(name) }
    return (answer.rate, answer.peakBytes)
  }

  /// The next line that the peer writes; nil when it ended without one.
  private static func line(from handle: FileHandle, _ unread: inout Data) -> Data? {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        let line = unread[unread.startIndex..<end]
        unread = Data(unread[(end + 1)...])
        return Data(line)
      }
      let more = handle.availableData
      guard !more.isEmpty else { return nil }
      unread += more
    }
  }

  deinit {
    try? questions.fileHandleForWriting.close()
    // It inherits ignored signals from a command that can be stopped: terminate() might not end it.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }
}
