import Foundation
import Kernels

/// How many processors this process may keep busy: the least of its affinity mask, the quota of its control group
/// (containers, systemd), what Slurm gave the task and what OMP_NUM_THREADS asks for.
package struct ProcessorLimit: Sendable, Equatable {
  package enum Source: String, Sendable {
    case affinity = "the affinity mask", quota = "the control group's quota", slurm = "Slurm"
    case openMP = "OMP_NUM_THREADS"
  }

  package let count: Int
  package let source: Source

  package static let current = ProcessorLimit(
    affinity: Int(quaver_available_processors()), environment: ProcessInfo.processInfo.environment,
    read: { try? String(contentsOfFile: $0, encoding: .utf8) })

  /// - Parameters:
  ///   - affinity: processors in the affinity mask.
  ///   - read: the text of a file, nil where there is none.
  package init(affinity: Int, environment: [String: String], read: (String) -> String?) {
    var limits: [(count: Int, source: Source)] = [(max(1, affinity), .affinity)]
    if let quota = Self.quota(read) { limits.append((max(1, Int(quota.rounded(.up))), .quota)) }
    for (name, source) in [("SLURM_CPUS_PER_TASK", Source.slurm), ("OMP_NUM_THREADS", .openMP)] {
      // OpenMP's may list the numbers of nested levels.
      let first = environment[name]?.split(separator: ",").first.flatMap {
        Int($0.trimmingCharacters(in: .whitespaces))
      }
      if let count = first, count >= 1 { limits.append((count, source)) }
    }
    let least = limits.reduce(limits[0]) { $1.count < $0.count ? $1 : $0 }
    (count, source) = (least.count, least.source)
  }

  /// Processors by the quotas of the process's control groups and of all groups around them, whichever is least.
  private static func quota(_ read: (String) -> String?) -> Double? {
    guard let groups = read("/proc/self/cgroup") else { return nil }
    var quotas: [Double] = []
    for line in groups.split(separator: "\n") {
      // hierarchy:controllers:path, of version 2 “0::path”
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3 else { continue }
      if parts[1].isEmpty {
        for folder in folders(parts[2]) {
          quotas += [unified(read("/sys/fs/cgroup\(folder)/cpu.max"))].compactMap(\.self)
        }
      } else if parts[1].split(separator: ",").contains("cpu") {
        for folder in folders(parts[2]) {
          let base = "/sys/fs/cgroup/\(parts[1])\(folder)"
          quotas += [ratio(read("\(base)/cpu.cfs_quota_us"), read("\(base)/cpu.cfs_period_us"))].compactMap(\.self)
        }
      }
    }
    return quotas.min()
  }

  /// "/a/b" → "/a/b", "/a", "".
  private static func folders(_ path: String) -> [String] {
    let parts = path.split(separator: "/")
    return (0...parts.count).reversed().map { parts.prefix($0).map { "/\($0)" }.joined() }
  }

  /// "200000 100000" or "max 100000".
  private static func unified(_ text: String?) -> Double? {
    let parts = (text ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    return parts.count == 2 ? ratio(parts[0], parts[1]) : nil
  }

  private static func ratio(_ quota: String?, _ period: String?) -> Double? {
    func number(_ text: String?) -> Double? {
      text.flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }.flatMap { $0 > 0 ? $0 : nil }
    }
    guard let quota = number(quota), let period = number(period) else { return nil }
    return quota / period
  }
}
