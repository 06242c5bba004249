import Core
import Foundation

/// `runs/<id>/`, the truth about one run; readable at any moment, whoever writes it.
package struct RunFolder: Sendable {
  package let id: String
  package let url: URL

  init(id: String, url: URL) { (self.id, self.url) = (id, url) }

  private func file(_ name: String) -> URL { url.appendingPathComponent(name) }
  package var lastCheckpoint: URL { file("checkpoint-last.safetensors") }
  package var bestCheckpoint: URL { file("checkpoint-best.safetensors") }
  /// The split's CSV as it was when the run began; only where the split is a file.
  var splitCopy: URL { file("split.csv") }

  // MARK: reading

  /// The run's job, with its split read from the run's own copy: a run outlives the CSV that it was split by.
  func job(of record: RunRecord) -> Job {
    var job = record.job
    if FileManager.default.fileExists(atPath: splitCopy.path) { job.split = splitCopy.path }
    return job
  }

  package func record() throws -> RunRecord {
    do { return try JSON.decoder().decode(RunRecord.self, from: Data(contentsOf: file("job.json"))) } catch {
      throw LabError.runUnreadable(id, reason: "job.json: \(Self.reason(error))")
    }
  }

  /// Epochs in order. A last line that a crash cut short is left out; a line of a repeated epoch replaces the older.
  package func metrics() -> [EpochMetrics] {
    guard let data = try? Data(contentsOf: file("metrics.jsonl")) else { return [] }
    var epochs: [Int: EpochMetrics] = [:]
    for metrics in Self.epochs(data) { epochs[metrics.epoch] = metrics }
    return epochs.values.sorted { $0.epoch < $1.epoch }
  }

  package func outcome() -> RunOutcome? { decode(RunOutcome.self, "outcome.json") }

  /// True while some process trains this run. Its lock dies with it, so a killed trainer is never taken for a live one.
  package var isLive: Bool { RunLock.isHeld(file("lock").path) }

  /// - Parameter epochs: those that were read already; nil reads all of them.
  package func info(epochs: [EpochMetrics]? = nil, isWhole: Bool = true) throws -> RunInfo {
    let record = try record()
    let live = isLive ? decode(LiveProgress.self, "progress.json") : nil
    let outcome = outcome()
    let status: RunStatus =
      if isLive { live?.paused == true ? .paused : .running } else { outcome?.status ?? .interrupted }
    return RunInfo(
      id: id, job: record.job, status: status, started: record.created, emotions: record.emotions,
      notes: record.notes, epochs: epochs ?? metrics(), progress: live?.progress, failure: outcome?.failure,
      isWhole: isWhole)
  }

  /// As `info`, but of a long run only the last epoch, which is enough for a list: a hundred runs of ten thousand
  /// epochs open at once.
  package func summary() throws -> RunInfo {
    guard let tail = metricsTail() else { return try info() }
    return try info(epochs: tail, isWhole: false)
  }

  /// The last epoch of a file of metrics that is longer than this many bytes; nil for a shorter one.
  private func metricsTail(_ length: Int = 64 << 10) -> [EpochMetrics]? {
    guard let handle = try? FileHandle(forReadingFrom: file("metrics.jsonl")) else { return nil }
    defer { try? handle.close() }
    guard let size = try? handle.seekToEnd(), size > UInt64(length),
      (try? handle.seek(toOffset: size - UInt64(length))) != nil, let data = try? handle.readToEnd()
    else { return nil }
    let decoder = JSON.decoder()
    for line in data.split(separator: UInt8(ascii: "\n")).reversed() {
      if let metrics = EpochLine.decode(line, decoder) { return [metrics] }
    }
    return nil
  }

  private static func epochs(_ data: Data) -> [EpochMetrics] {
    let decoder = JSON.decoder()
    return data.split(separator: UInt8(ascii: "\n")).compactMap { EpochLine.decode($0, decoder) }
  }

  /// Epochs of the bytes from `offset` on, and where the next read begins. Nil when the file has become shorter, as
  /// when a resumed run drops its last lines.
  package func metrics(from offset: UInt64) -> (epochs: [EpochMetrics], next: UInt64)? {
    guard let handle = try? FileHandle(forReadingFrom: file("metrics.jsonl")) else { return ([], 0) }
    defer { try? handle.close() }
    guard let size = try? handle.seekToEnd(), size >= offset, (try? handle.seek(toOffset: offset)) != nil,
      let data = try? handle.readToEnd() ?? Data()
    else { return nil }
    // A line without its end is read again when it has one.
    guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return ([], offset) }
    return (Self.epochs(data[...end]), offset + UInt64(data.distance(from: data.startIndex, to: end) + 1))
  }

  /// Changes whenever something that `info` shows may have changed.
  package func stamp() -> String {
    let names = ["metrics.jsonl", "progress.json", "outcome.json", "job.json"]
    let parts = names.map { name -> String in
      var status = stat()
      guard stat(file(name).path, &status) == 0 else { return "-" }
      return "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec).\(status.st_size)"
    }
    return parts.joined(separator: " ") + (isLive ? " live" : "")
  }

  // MARK: writing, by the process that holds the lock

  package func begin(_ record: RunRecord) throws {
    try AtomicFile.write(file("job.json"), try JSON.encoder(pretty: true).encode(record))
  }

  /// Appends one line and flushes it to the disk.
  package func append(_ metrics: EpochMetrics) throws {
    let path = file("metrics.jsonl").path
    let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw CoreError.cannotWrite(path: path, reason: AtomicFile.lastSystemError()) }
    defer { close(descriptor) }
    var line = try JSON.line(metrics) + "\n"
    // What a crash left of a line must not swallow this one.
    let length = lseek(descriptor, 0, SEEK_END)
    var last = UInt8(ascii: "\n")
    if length > 0, pread(descriptor, &last, 1, length - 1) == 1, last != UInt8(ascii: "\n") { line = "\n" + line }
    let written = line.withCString { write(descriptor, $0, strlen($0)) }
    guard written == line.utf8.count, fsync(descriptor) == 0 else {
      throw CoreError.cannotWrite(path: path, reason: AtomicFile.lastSystemError())
    }
  }

  /// Drops the lines of epochs after `epoch`, which a resumed run will write again.
  package func keepMetrics(through epoch: Int) throws {
    let kept = metrics().filter { $0.epoch <= epoch }
    let text = try kept.map { try JSON.line($0) + "\n" }.joined()
    try AtomicFile.write(file("metrics.jsonl"), Data(text.utf8))
  }

  /// Progress is replaced in place without a sync: losing it costs nothing.
  package func report(_ progress: RunProgress, paused: Bool) {
    guard let data = try? JSON.encoder().encode(LiveProgress(progress: progress, paused: paused)) else { return }
    try? data.write(to: file("progress.json"), options: .atomic)
  }

  package func end(_ outcome: RunOutcome) throws {
    try AtomicFile.write(file("outcome.json"), try JSON.encoder().encode(outcome))
    try? FileManager.default.removeItem(at: file("progress.json"))
  }

  package func clearOutcome() { try? FileManager.default.removeItem(at: file("outcome.json")) }

  // MARK: wishes of other processes

  /// Asks the process that trains this run to pause, go on or stop.
  ///
  /// - Throws: `LabError.runIsNotLive`.
  package func ask(_ wish: RunControl.Wish) throws {
    guard isLive else { throw LabError.runIsNotLive(id) }
    // A file each, in the order of their names: a pause never hides the stop that was wished before it.
    try AtomicFile.write(file("\(Self.wishPrefix)\(RunLock.moment)-\(getpid())"), Data("\(wish.rawValue)".utf8))
  }

  private static let wishPrefix = "control-"

  /// "control-MOMENT-PROCESS".
  private static func isWish(_ name: String) -> Bool {
    guard name.hasPrefix(wishPrefix) else { return false }
    let parts = name.dropFirst(wishPrefix.count).split(separator: "-", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) }
  }

  private var wishFiles: [URL] {
    names.filter(Self.isWish).sorted().map(file)
  }

  private static func wish(_ file: URL) -> RunControl.Wish? {
    (try? String(contentsOf: file, encoding: .utf8)).flatMap { Int($0) }.flatMap(RunControl.Wish.init)
  }

  /// The wishes left by other processes, the oldest first, each taken away.
  package func takeWishes() -> [RunControl.Wish] {
    wishFiles.compactMap { file in
      defer { unlink(file.path) }
      return Self.wish(file)
    }
  }

  /// The wishes left by other processes, which stay.
  var wishes: [RunControl.Wish] { wishFiles.compactMap(Self.wish) }

  func clearWishes() { _ = takeWishes() }

  private var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? [] }

  /// Whether a process writes that file before a run's first epoch.
  private static func isOfABeginning(_ name: String) -> Bool {
    ["job.json", "lock", "split.csv", "progress.json", "outcome.json"].contains(name) || isWish(name) || isPartial(name)
  }

  /// False where anything lies here that no beginning of a run has written.
  var holdsOnlyOurs: Bool { names.allSatisfy(Self.isOfABeginning) }

  /// Takes a run away that has not trained an epoch: its files one by one, and the folder when it is then empty.
  func removeBeginning() {
    for name in names where Self.isOfABeginning(name) && name != "lock" { unlink(file(name).path) }
    // Last, so that nobody begins here while the rest goes.
    unlink(file("lock").path)
    rmdir(url.path)
  }

  /// - Throws: `LabError.runIsLive` when another process trains this run.
  package func lock() throws -> RunLock {
    guard let lock = try RunLock.take(file("lock").path) else { throw LabError.runIsLive(id) }
    removePartials()
    return lock
  }

  /// What killed processes left of files that never got their names; nobody else writes here while we hold the lock.
  private func removePartials() {
    for name in names where Self.isPartial(name) { try? FileManager.default.removeItem(at: file(name)) }
  }

  private static func isPartial(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(".partial") }

  private func decode<T: Decodable>(_ type: T.Type, _ name: String) -> T? {
    (try? Data(contentsOf: file(name))).flatMap { try? JSON.decoder().decode(type, from: $0) }
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "“\(key.stringValue)” is missing"
    case is DecodingError: "it is not what Quaver writes"
    default: AtomicFile.reason(of: error)
    }
  }
}
