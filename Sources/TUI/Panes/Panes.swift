/// The registry of panes. Adding one is a file in this folder and a line here.
package enum Panes {
  package static let all: [Pane] = [
    CorpusPane.pane,
    ViewPane.pane,
    TrainingPane.pane,
    ConfusionPane.pane,
    LogPane.pane,
    ModelsPane.pane,
    AttackPane.pane,
    ResultsPane.pane,
    ExplainPane.pane,
    MapPane.pane,
    PaperPane.pane,
  ]

  package static let order: [PaneID] = all.map(\.id)

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

  package static func named(_ id: PaneID) -> Pane? { byID[id] }

  /// "Results (8)": its name and the key that goes there.
  static func label(_ id: PaneID) -> String {
    order.firstIndex(of: id).map { "\(all[$0].name) (\(Layout.digit($0)))" } ?? ""
  }
}
