import Foundation
import Synchronization

/// Looks at all run folders once a second and tells which have changed, so that runs of other processes show up live.
final class RunWatcher: Sendable {
  private let store: RunStore
  private let post: @Sendable (Event) -> Void
  private let stamps = Mutex<[String: String]>([:])
  private let queue = DispatchQueue(label: "quaver.watcher", qos: .utility)
  private let interval: Double

  init(store: RunStore, every seconds: Double = 1, post: @escaping @Sendable (Event) -> Void) {
    (self.store, self.post) = (store, post)
    interval = seconds
    scheduleNext()
  }

  private func scheduleNext() {
    queue.asyncAfter(deadline: .now() + interval) { [weak self] in
      guard let self else { return }
      look(all: false)
      scheduleNext()
    }
  }

  /// Tells of all runs at once.
  func tellAll() { queue.async { self.look(all: true) } }

  private func look(all: Bool) {
    let ids = store.ids()
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
      post(.runs(ids.compactMap { try? store.open($0).info() }))
    } else {
      for id in changed { if let info = try? store.open(id).info() { post(.run(info)) } }
    }
  }
}
