/// Where the user is: the focus and what each pane shows. Places form the way back, and the last one is where the next
/// session begins.
package struct Place: Codable, Sendable, Equatable {
  package var focus: String
  package var isZoomed: Bool
  /// By pane, what its `memory` saves.
  package var panes: [String: [String: String]]

  package init(focus: String, isZoomed: Bool, panes: [String: [String: String]]) {
    (self.focus, self.isZoomed, self.panes) = (focus, isZoomed, panes)
  }

  package init(_ state: State) {
    (focus, isZoomed) = (state.focus.name, state.isZoomed)
    panes = Dictionary(
      uniqueKeysWithValues: Panes.all.compactMap { pane in pane.memory.map { (pane.id.name, $0.save(state)) } })
  }
}

extension State {
  /// Places that are kept.
  private static let depth = 64

  /// Moves the focus, remembering the way back.
  package mutating func go(to pane: PaneID) {
    guard pane != focus else { return }
    mark()
    show(pane)
  }

  /// Remembers this place; for what changes more than the focus, before it does.
  package mutating func mark() {
    let here = Place(self)
    guard trail.last != here else { return }
    trail.append(here)
    if trail.count > Self.depth { trail.removeFirst() }
  }

  /// To the place before, as it was.
  package mutating func back() -> [Effect] {
    let here = Place(self)
    while let place = trail.popLast() {
      if place != here { return restore(place) }
    }
    isZoomed = false
    return []
  }

  package mutating func restore(_ place: Place) -> [Effect] {
    var effects: [Effect] = []
    for pane in Panes.all {
      guard let memory = pane.memory, let saved = place.panes[pane.id.name], memory.save(self) != saved else {
        continue
      }
      effects += memory.restore(&self, saved)
    }
    if let pane = Panes.named(PaneID(place.focus)) { show(pane.id) }
    isZoomed = place.isZoomed
    return effects
  }
}
