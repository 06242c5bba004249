import Foundation
import Synchronization

/// Tells every two seconds what this process and the machine are busy with, while somebody wants to know.
final class UsageTeller: Sendable {
  private struct Ticks {
    var process: Double
    var busy: Double
    var total: Double
    var time: Double
  }

  private let tell: @Sendable (Usage) -> Void
  private let queue = DispatchQueue(label: "quaver.usage", qos: .utility)
  private let wanted = Mutex<(isWanted: Bool, isRunning: Bool)>((false, false))
  private let last = Mutex<Ticks?>(nil)

  init(_ tell: @escaping @Sendable (Usage) -> Void) { self.tell = tell }

  func isWanted(_ isWanted: Bool) {
    let begins = wanted.withLock { wanted in
      wanted.isWanted = isWanted
      defer { wanted.isRunning = wanted.isRunning || isWanted }
      return isWanted && !wanted.isRunning
    }
    if begins { queue.async { [weak self] in self?.measure() } }
  }

  private func measure() {
    let isWanted = wanted.withLock { wanted in
      if !wanted.isWanted { wanted.isRunning = false }
      return wanted.isWanted
    }
    guard isWanted else { return last.withLock { $0 = nil } }
    let now = Self.ticks()
    let before = last.withLock { last in
      defer { last = now }
      return last
    }
    if let before, let now { tell(Self.usage(before, now)) }
    queue.asyncAfter(deadline: .now() + 2) { [weak self] in self?.measure() }
  }

  private static func usage(_ before: Ticks, _ now: Ticks) -> Usage {
    let memory = memory()
    return Usage(
      processors: (now.process - before.process) / max(0.001, now.time - before.time), resident: memory.resident,
      machineLoad: (now.busy - before.busy) / max(1, now.total - before.total), memoryUsed: memory.used,
      memoryTotal: memory.total)
  }

  /// Nil where there is no /proc.
  private static func ticks() -> Ticks? {
    var time = timespec()
    guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0,
      let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
      let line = text.split(separator: "\n").first
    else { return nil }
    let fields = line.split(separator: " ").dropFirst().compactMap { Double($0) }
    guard fields.count >= 5 else { return nil }
    let total = fields.prefix(8).reduce(0, +)
    return Ticks(
      process: Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9, busy: total - fields[3] - fields[4], total: total,
      time: RateMeter.now())
  }

  private static func memory() -> (resident: Int, used: Int, total: Int) {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
    let resident = (pages?.dropFirst().first.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    var values: [Substring: Int] = [:]
    let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n").prefix(5) {
      let words = line.split(separator: " ")
      if words.count >= 2, let value = Int(words[1]) { values[words[0]] = value << 10 }
    }
    let total = values["MemTotal:"] ?? 0
    return (resident, total - (values["MemAvailable:"] ?? 0), total)
  }
}
