import Foundation
import Synchronization

/// Events on their way to the workbench. A pipe wakes its poll; a newer state of the same thing replaces an older one
/// that was not yet taken, so a slow terminal never lags behind.
final class Mailbox: Sendable {
  private let events = Mutex<[Event]>([])
  private let readEnd: Int32
  private let writeEnd: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    let failed = pipe(&ends) != 0
    precondition(!failed, "no file descriptor is left for the workbench's pipe")
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  var wakeDescriptor: Int32 { readEnd }

  func post(_ event: Event) {
    let wasEmpty = events.withLock { events in
      let wasEmpty = events.isEmpty
      if let index = events.firstIndex(where: { Self.replaces(event, $0) }) {
        events[index] = Self.joined(event, events[index])
      } else {
        events.append(event)
      }
      return wasEmpty
    }
    var byte: UInt8 = 1
    if wasEmpty { write(writeEnd, &byte, 1) }
  }

  func drain() -> [Event] {
    var buffer = [UInt8](repeating: 0, count: 64)
    while read(readEnd, &buffer, buffer.count) > 0 {}
    return events.withLock { events in
      defer { events = [] }
      return events
    }
  }

  /// The end of an own run is told as one's own, though the watcher of the folders, which knows nothing of it by then, tells
  /// of it again before anybody has heard.
  private static func joined(_ new: Event, _ old: Event) -> Event {
    guard case .run(var run) = new, case .run(let before) = old, before.isOwn else { return new }
    run.isOwn = true
    return .run(run)
  }

  /// A run's event carries all its epochs, so replacing it loses nothing.
  private static func replaces(_ new: Event, _ old: Event) -> Bool {
    switch (new, old) {
    case (.run(let a), .run(let b)): a.id == b.id
    case (.explaining(let a, _), .explaining(let b, _)): a == b
    case (.picture(let a), .picture(let b)): a.request.place == b.request.place
    case (.waveform(let a), .waveform(let b)): (a.corpus, a.utterance) == (b.corpus, b.utterance)
    case (.runs, .runs), (.corpora, .corpora), (.queue, .queue), (.usage, .usage), (.results, .results),
      (.attacking, .attacking), (.embedding, .embedding), (.embeddingSoFar, .embeddingSoFar),
      (.attending, .attending), (.engineFree, .engineFree):
      true
    default: false
    }
  }
}
