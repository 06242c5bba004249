import Lab

extension PaneID {
  package static let models = PaneID("models")
}

package struct ModelsState: Sendable, Equatable {
  package var models: [ModelInfo] = []
  /// The network that is shown.
  package var model = 0
  /// Rows of its layers.
  package var list = ListState()
  /// Asked to be measured, and not answered yet.
  package var measuring: String?
  package var hasAsked = false

  package init() {}

  package var shown: ModelInfo? { models.indices.contains(model) ? models[model] : nil }
}

/// The networks, layer by layer.
package enum ModelsPane {
  package static let pane: Pane = {
    var pane = Pane(id: .models, name: "Models", title: title, bindings: bindings, draw: ModelsDrawing.draw)
    pane.receive = receive
    pane.settle = { state, size in
      state.modelsPane.list.settle(
        count: state.modelsPane.shown?.layers.count ?? 0, height: ModelsDrawing.listHeight(size.height))
    }
    pane.click = { state, point, size in
      let row = state.modelsPane.list.top + point.y - ModelsDrawing.head
      if point.y >= ModelsDrawing.head, row < state.modelsPane.shown?.layers.count ?? 0 {
        state.modelsPane.list.selection = row
      }
      return []
    }
    pane.table = { $0.modelsPane.shown.map(table) }
    pane.tableRow = { $0.modelsPane.shown?.layers.isEmpty == false ? $0.modelsPane.list.selection : nil }
    return pane
  }()

  private static func table(_ model: ModelInfo) -> ResultTable {
    let names = ["layer", "kind", "output", "parameters", "frozen", "FLOPs", "forward ms", "backward ms"]
    return ResultTable(
      title: "\(model.title): \(model.parameters) parameters, \(model.flops) FLOPs an image",
      columns: names.map { ResultTable.Column($0) },
      rows: model.layers.map { layer in
        let time = model.measures?.time(of: layer.name)
        return [
          .text(layer.name), .text(layer.kind), .text(layer.output.map(String.init).joined(separator: "x")),
          .integer(layer.parameters), .integer(layer.frozen), .integer(layer.flops),
          time.map { .number($0.forward, decimals: 3) } ?? .none,
          time.map { .number($0.backward, decimals: 3) } ?? .none,
        ]
      })
  }

  private static func title(_ state: State) -> String {
    guard let model = state.modelsPane.shown else { return "Models" }
    return "Models \(state.modelsPane.model + 1)/\(state.modelsPane.models.count) \(model.title)"
  }

  private static let receive: @Sendable (inout State, Event) -> [Effect] = { state, event in
    switch event {
    case .models(let models):
      let name = state.modelsPane.shown?.name
      let measured = state.modelsPane.models
      state.modelsPane.models = models.map { model in
        var model = model
        model.measures = model.measures ?? measured.first { $0.name == model.name }?.measures
        return model
      }
      state.modelsPane.model = models.firstIndex { $0.name == name } ?? 0
    case .model(let model):
      if let index = state.modelsPane.models.firstIndex(where: { $0.name == model.name }) {
        state.modelsPane.models[index] = model
      }
      if state.modelsPane.measuring == model.name { state.modelsPane.measuring = nil }
    case .failed: state.modelsPane.measuring = nil
    // The first answer of all: then the networks are asked for too.
    case .corpora where !state.modelsPane.hasAsked:
      state.modelsPane.hasAsked = true
      return [.request(.loadModels)]
    default: break
    }
    return []
  }

  // MARK: Keys

  private static func turn(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      let count = state.modelsPane.models.count
      guard count > 0 else { return [] }
      state.modelsPane.model = (state.modelsPane.model + distance + count) % count
      state.modelsPane.list = ListState()
      return []
    }
  }

  private static let hasSeveral: @Sendable (State) -> Bool = { $0.modelsPane.models.count > 1 }

  private static let bindings: [Binding] =
    [
      Binding(
        "models.next", ["]", "l", "right"], "next network", "The next network.", hint: 1, isEnabled: hasSeveral,
        run: turn(1)),
      Binding(
        "models.previous", ["[", "h", "left"], "network before", "The network before.", hint: 2, isEnabled: hasSeveral,
        run: turn(-1)),
      Binding(
        "models.measure", ["m"], "measure",
        "Plans and times training steps on this machine, unless a run is live here.",
        hint: 3, isEnabled: { $0.modelsPane.shown != nil && $0.modelsPane.measuring == nil }
      ) { state in
        guard let model = state.modelsPane.shown else { return [] }
        state.modelsPane.measuring = model.name
        return [.request(.measureModel(model.name))]
      },
      Binding(
        "models.stop", ["x"], "stop", "Stops the measurement, of which nothing is kept.", hint: 4,
        isEnabled: { $0.modelsPane.measuring != nil }
      ) { state in
        state.say("the measurement stops before its next step")
        return [.request(.stopSurvey)]
      },
      Binding("models.reload", ["R"], "reload", "Looks again which weights are imported.") { _ in
        [.request(.loadModels)]
      },
    ] + ListMotion.bindings("models", \.modelsPane.list, count: { $0.modelsPane.shown?.layers.count ?? 0 })
}
