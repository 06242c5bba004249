import Foundation
import Synchronization

/// Tells the workbench which corpora there are: what the catalog remembers at once, then what has changed since; and
/// again whenever a corpus is added or removed by any process.
final class LibraryReader: Sendable {
  private let library: CorpusLibrary
  private let post: @Sendable (Event) -> Void
  private let queue = DispatchQueue(label: "quaver.library", qos: .userInitiated)
  private let known = Mutex<[CorpusInfo]>([])
  private let stamp = Mutex<String?>(nil)

  init(_ library: CorpusLibrary, post: @escaping @Sendable (Event) -> Void) {
    (self.library, self.post) = (library, post)
  }

  /// - Parameter name: or the path of its folder.
  func corpus(_ name: String) -> CorpusInfo? {
    known.withLock { known in known.first { $0.name == name } ?? known.first { $0.path == name } }
  }

  /// - Parameter changed: called with each new list before it is told.
  func load(changed: @escaping @Sendable ([CorpusInfo]) -> Void) {
    queue.async { [self] in
      let isFirst = stamp.withLock { stamp in
        defer { stamp = library.stamp }
        return stamp == nil
      }
      read(changed)
      if isFirst { watch(changed) }
    }
  }

  private func read(_ changed: ([CorpusInfo]) -> Void) {
    let registrations = library.registrations()
    var corpora = registrations.compactMap(library.indexed)
    func tell() {
      changed(corpora)
      let isNew = known.withLock { known in
        defer { known = corpora }
        return known != corpora
      }
      if isNew || corpora.isEmpty { post(.corpora(corpora)) }
    }
    if !corpora.isEmpty { tell() }
    for registration in registrations {
      do {
        let info = try library.info(registration)
        let index = corpora.firstIndex { $0.name == info.name } ?? corpora.endIndex
        if index < corpora.endIndex { corpora[index] = info } else { corpora.append(info) }
        corpora.sort { $0.name < $1.name }
        tell()
      } catch {
        corpora.removeAll { $0.name == registration.name }
        post(.failed("\(error)"))
      }
    }
    tell()
  }

  private func watch(_ changed: @escaping @Sendable ([CorpusInfo]) -> Void) {
    queue.asyncAfter(deadline: .now() + 2) { [weak self] in
      guard let self else { return }
      let now = library.stamp
      let isOther = stamp.withLock { stamp in
        defer { stamp = now }
        return stamp != now
      }
      if isOther { read(changed) }
      watch(changed)
    }
  }
}
