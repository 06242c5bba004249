import Core
import Foundation
import Lab

/// Goes on with a run in a process of its own, which no terminal can take down.
enum Handover {
  /// What the process says goes to `handover.log` in the run's folder. It inherits that SIGHUP is ignored, which
  /// `StopSignals` respects; SIGINT and SIGTERM are as they were when we started, so that it can still be stopped.
  ///
  /// - Throws: `CoreError.cannotWrite` when no process could be started.
  static func resume(_ folder: RunFolder, runs: String?) throws {
    let log = folder.url.appendingPathComponent("handover.log")
    guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return }
    // With the same threads, on which the last bits depend, and as politely.
    let settings = Engine.settings
    var arguments = [
      program, "resume", folder.id, "--threads", "\(settings.threads)", "--nice", "\(settings.nice)",
    ]
    if let runs { arguments += ["--runs", runs] }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // POSIX_SPAWN_SETSID, which Glibc's module hides: a session of its own, which the terminal's signals do not reach.
    posix_spawnattr_setflags(&attributes, 0x80)
    var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for argument in vector { free(argument) } }
    var process = pid_t()
    let failure = posix_spawn(&process, program, &actions, &attributes, &vector, environ)
    guard failure == 0 else {
      throw CoreError.cannotWrite(path: log.path, reason: String(cString: strerror(failure)))
    }
  }
}
