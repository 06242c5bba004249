import Foundation
import Kernels

/// libgomp's threads spin while they wait for work, by default for milliseconds. On a machine that has anything else to do
/// (a workbench that answers keys, a second run) spinning threads keep the awaited one from running. A bound of about
/// 20 µs keeps the short waits between a network's loops cheap and gives the processor away in the long ones.
///
/// libgomp reads its settings when it is loaded, before `main`: so the program starts itself once more with them.
enum SpinBound {
  private static let variable = "GOMP_SPINCOUNT"

  static func apply() {
    let environment = ProcessInfo.processInfo.environment
    guard environment[variable] == nil, environment["OMP_WAIT_POLICY"] == nil else { return }
    // The real path, so that the process keeps its name in ps.
    guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return }
    setenv(variable, "10000", 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
    arguments.append(nil)
    // Where OpenMP's settings bind threads, libgomp has bound this one already; the program shall not begin on one processor.
    _ = quaver_unbind_thread()
    // Returns only when it fails; the program then runs as it is, a little less politely.
    execv(program, &arguments)
    for argument in arguments { free(argument) }
  }
}
