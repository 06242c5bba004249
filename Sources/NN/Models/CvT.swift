extension Networks {
  /// CvT-21 as transformers has it (Wu and others 2021), followed by the emotion head: 31,629,703 parameters for seven
  /// classes. Beyond the last attention only the class token matters, so that only it is computed.
  static let cvt = NetworkEntry(
    name: "cvt", title: "CvT-21", camNode: "cvt.encoder.stages.2.layers.15.layernorm_before"
  ) { net, classes in
    var x = net.input  // 3×224×224

    // 3136×64, 784×192, 1 + 196×384
    for (stage, (width, depth)) in [(64, 1), (192, 4), (384, 16)].enumerated() {
      let name = "cvt.encoder.stages.\(stage)", side = 56 >> stage
      if stage > 0 { x = net("\(name).map", FeatureMap(height: 2 * side), x) }
      let (kernel, stride, padding) = stage == 0 ? (7, 4, 2) : (3, 2, 1)
      let embedding = "\(name).embedding.convolution_embeddings"
      x = net(
        "\(embedding).projection",
        Convolution(width, kernel: kernel, stride: stride, padding: padding, start: cvtStart), x)
      x = net("\(name).tokens", Tokens(), x)
      x = net("\(embedding).normalization", LayerNorm(epsilon: 1e-5), x)
      if stage == 2 { x = net("\(name).cls_token", Prepended(start: .normal(deviation: 0.02, cut: 2)), x) }
      for index in 0..<depth {
        x = net.cvtLayer(
          "\(name).layers.\(index)", x, width: width, hasClass: stage == 2, isLast: stage == 2 && index == depth - 1)
      }
    }

    x = net("layernorm", LayerNorm(epsilon: 1e-5), x)  // 384
    x = net("classifier", Linear(1000, start: cvtStart), x)
    return net("ser_head", Linear(classes), x)
  }
}

private let cvtStart = Start.truncatedNormal(0.02)

extension GraphBuilder {
  fileprivate mutating func cvtLayer(
    _ name: String, _ x: Edge, width: Int, hasClass: Bool, isLast: Bool
  ) -> Edge {
    var x = x
    let before = self("\(name).layernorm_before", LayerNorm(epsilon: 1e-5), x)
    let attention = "\(name).attention.attention"
    let projected = [("query", 1), ("key", 2), ("value", 2)].map { what, stride in
      let y = self(
        "\(attention).convolution_projection_\(what).convolution_projection",
        DepthwiseNorm(stride: stride, leading: hasClass ? 1 : 0, start: cvtStart), before)
      return self("\(attention).projection_\(what)", Linear(width, start: cvtStart), y)
    }
    var y = self(
      attention, Attention(heads: width / 64, keys: 64, scaleWidth: width), projected[0], projected[1], projected[2])
    if isLast {
      x = self("\(name).class", Token(0), x)
      y = self("\(attention).class", Token(0), y)
    }
    y = self("\(name).attention.output.dense", Linear(width, start: cvtStart), y)
    if hasClass { y = self("\(name).attention.drop_path", Dropout(cvtDropPath, of: .samples), y) }
    x = self("\(name).attention.sum", Sum(), y, x)

    y = self("\(name).layernorm_after", LayerNorm(epsilon: 1e-5), x)
    y = self("\(name).intermediate.dense", Linear(4 * width, start: cvtStart), y)
    y = self("\(name).intermediate.activation", GELU(), y)
    y = self("\(name).output.dense", Linear(width, start: cvtStart), y)
    if hasClass { y = self("\(name).output.drop_path", Dropout(cvtDropPath, of: .samples), y) }
    return self("\(name).output.sum", Sum(), y, x)
  }
}

/// How often a residual branch of the last stage is left out in training: transformers gives all layers of the stage the
/// third of sixteen rates from 0 to 0.1.
private let cvtDropPath: Float = 0.1 * 2 / 15
