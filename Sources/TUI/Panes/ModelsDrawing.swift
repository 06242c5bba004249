import Lab

/// How the models pane looks: the network's sums above, its layers below.
enum ModelsDrawing {
  /// Rows above the layers: sums, memory, the table's heading.
  static let head = 3

  static func listHeight(_ height: Int) -> Int { max(1, height - head) }

  private struct Column: Sendable {
    let name: String
    var width: Int
    /// Columns of lower rank stay longer.
    let rank: Int
    var isRight = true
    let text: @Sendable (LayerInfo, ModelMeasures?) -> String
  }

  private static let columns: [Column] = [
    Column(name: "layer", width: 16, rank: 0, isRight: false) { layer, _ in layer.name },
    Column(name: "kind", width: 11, rank: 5, isRight: false) { layer, _ in layer.kind },
    Column(name: "output", width: 11, rank: 1) { layer, _ in layer.output.dimensions },
    Column(name: "parameters", width: 11, rank: 2) { layer, _ in
      layer.parameters > 0 ? SizeText.count(layer.parameters) : ""
    },
    Column(name: "FLOPs", width: 7, rank: 3) { layer, _ in
      layer.flops > 0 ? SizeText.short(Double(layer.flops)) : ""
    },
    Column(name: "fwd ms", width: 7, rank: 4) { layer, measures in
      measures?.time(of: layer.name).map { Numbers.fixed($0.forward, 2) } ?? ""
    },
    Column(name: "bwd ms", width: 7, rank: 4) { layer, measures in
      measures?.time(of: layer.name).map { Numbers.fixed($0.backward, 2) } ?? ""
    },
  ]

  private static func fitting(_ width: Int, _ model: ModelInfo) -> [Column] {
    var kept = model.measures?.times == nil ? columns.filter { !$0.name.hasSuffix("ms") } : columns
    kept = ColumnFit.kept(kept.map { ($0.width, $0.rank) }, width: width).map { kept[$0] }
    let longest = model.layers.map(\.name.count).max() ?? 0
    let room = width - ColumnFit.used(kept.map(\.width))
    kept[0].width = max(4, min(kept[0].width + max(0, room), max(longest, 5)))
    return kept
  }

  static func draw(_ state: State, _ surface: inout Surface) {
    let (pane, look) = (state.modelsPane, state.look)
    guard let model = pane.shown else {
      Paragraph.draw("The networks are being read …", in: surface.bounds, look.style(.dim), look, &surface)
      return
    }
    func line(_ text: String, _ y: Int, _ role: Role) {
      let text = TextWidth.cut(look.glyphs.plain(text), to: surface.width, ellipsis: look.glyphs.ellipsis)
      surface.put(text, 0, y, look.style(role))
    }
    line(sums(model), 0, .text)
    line(memory(model, isMeasuring: pane.measuring == model.name), 1, .dim)
    let columns = fitting(surface.width - 1, model)
    row(columns.map(\.name), columns, 2, look, role: .axis, &surface)
    let rows = Rect(x: 0, y: head, width: surface.width, height: max(0, surface.height - head))
    surface.within(rows) { surface in
      for (y, index) in pane.list.visible(count: model.layers.count, height: surface.height).enumerated() {
        let layer = model.layers[index]
        let cells = columns.map { $0.text(layer, model.measures) }
        row(cells, columns, y, look, role: layer.parameters > 0 ? .text : .dim, &surface)
        if index == pane.list.selection { RowHighlight.draw(y, isFocused: state.focus == .models, look, &surface) }
      }
      ScrollBar.draw(pane.list.top, model.layers.count, look, &surface)
    }
  }

  private static func row(
    _ cells: [String], _ columns: [Column], _ y: Int, _ look: Look, role: Role, _ surface: inout Surface
  ) {
    var x = 0
    for (cell, column) in zip(cells, columns) {
      let text = TextWidth.fit(
        look.glyphs.plain(cell), to: column.width, right: column.isRight, ellipsis: look.glyphs.ellipsis)
      x = surface.put(text, x, y, look.style(role)) + 1
    }
  }

  private static func sums(_ model: ModelInfo) -> String {
    let weights = model.weights.isEmpty ? "no weights imported" : "weights \(model.weights.joined(separator: ", "))"
    return "\(SizeText.count(model.parameters)) parameters · \(SizeText.short(Double(model.flops)))FLOPs · \(weights)"
  }

  private static func memory(_ model: ModelInfo, isMeasuring: Bool) -> String {
    if isMeasuring { return "measuring …" }
    guard let measures = model.measures else { return "m measures memory and time on this machine" }
    let plan = measures.planBytes["inference"].map { ", inference \(SizeText.bytes($0))" } ?? ""
    let milliseconds = (measures.times ?? []).reduce(0) { $0 + $1.forward + $1.backward }
    let speed = milliseconds > 0 ? " · \(Numbers.fixed(Double(measures.batch) / milliseconds * 1e3, 1)) images/s" : ""
    return
      "batch \(measures.batch), \(measures.threads) threads: training \(SizeText.bytes(measures.trainingBytes))\(plan)"
      + speed
  }
}
