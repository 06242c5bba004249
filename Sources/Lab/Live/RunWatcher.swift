import Foundation
import Synchronization

/// Looks at all run folders once a second and tells which have changed, so that runs of other processes show up live, and
/// the results of their attacks.
final class RunWatcher: Sendable {
  /// Epochs of a run that somebody looks at, and where its file's next line begins.
  private struct Opened {
    var epochs: [EpochMetrics] = []
    var next: UInt64 = 0
  }

  private let store: RunStore
  private let post: @Sendable (Event) -> Void
  /// Somebody has completed an attack, or removed one, or is further with it.
  private let resultsChanged: @Sendable () -> Void
  /// Of what is known of results once they are wanted, and how many looks ago that was.
  private let results = Mutex<(stamps: [String: String]?, looks: Int)?>(nil)
  private let stamps = Mutex<[String: String]>([:])
  private let opened = Mutex<[String: Opened]>([:])
  private let queue = DispatchQueue(label: "quaver.watcher", qos: .utility)
  private let interval: Double

  init(
    store: RunStore, every seconds: Double = 1, resultsChanged: @escaping @Sendable () -> Void = {},
    post: @escaping @Sendable (Event) -> Void
  ) {
    (self.store, self.post, self.resultsChanged) = (store, post, resultsChanged)
    interval = seconds
    scheduleNext()
  }

  private func scheduleNext() {
    queue.asyncAfter(deadline: .now() + interval) { [weak self] in
      guard let self else { return }
      let ids = store.ids()
      look(ids, all: false)
      lookForResults(ids)
      scheduleNext()
    }
  }

  /// Tells of all runs at once.
  func tellAll() { queue.async { self.look(self.store.ids(), all: true) } }

  /// From now on results are watched too.
  func watchResults() { results.withLock { if $0 == nil { $0 = (nil, 0) } } }

  /// Reads all epochs of a run, and from now on tells them whole.
  func open(_ id: String) {
    queue.async { [self] in
      opened.withLock { if $0[id] == nil { $0[id] = Opened() } }
      if let info = try? info(id) { post(.run(info)) }
    }
  }

  private func info(_ id: String) throws -> RunInfo {
    let folder = try store.open(id)
    guard let epochs = opened.withLock({ Self.read(folder, &$0[id]) }) else { return try folder.summary() }
    return try folder.info(epochs: epochs)
  }

  /// Only the lines that are new are read.
  private static func read(_ folder: RunFolder, _ opened: inout Opened?) -> [EpochMetrics]? {
    guard var known = opened else { return nil }
    var new = folder.metrics(from: known.next)
    if new == nil {
      known = Opened()
      new = folder.metrics(from: 0)
    }
    guard let new else { return nil }
    for epoch in new.epochs {
      while let last = known.epochs.last, last.epoch >= epoch.epoch { known.epochs.removeLast() }
      known.epochs.append(epoch)
    }
    known.next = new.next
    opened = known
    return known.epochs
  }

  /// At every third look, since each asks for one file an attack.
  private func lookForResults(_ ids: [String]) {
    let isDue = results.withLock { results in
      defer { results?.looks += 1 }
      return results.map { $0.looks % 3 == 0 } ?? false
    }
    guard isDue else { return }
    let now = ids.reduce(into: [:]) { stamps, id in stamps[id] = (try? store.open(id)).map { $0.resultsStamp() } }
    let changed = results.withLock { results in
      defer { results?.stamps = now }
      // The first time too: between what was read and what is compared with from now on, an attack may have ended.
      return results.map { $0.stamps != now } ?? false
    }
    if changed { resultsChanged() }
  }

  private func look(_ ids: [String], all: Bool) {
    let (changed, listChanged) = stamps.withLock { stamps in
      let before = Set(stamps.keys)
      let changed = ids.filter { id in
        guard let stamp = try? store.open(id).stamp() else { return false }
        defer { stamps[id] = stamp }
        return stamps[id] != stamp
      }
      stamps = stamps.filter { ids.contains($0.key) }
      return (changed, before != Set(ids))
    }
    if all || listChanged {
      post(.runs(ids.compactMap { try? info($0) }))
    } else {
      for id in changed { if let info = try? info(id) { post(.run(info)) } }
    }
  }
}
