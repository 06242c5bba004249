extension Networks {
  /// ViT-B/16 as torchvision has it (Dosovitskiy and others 2021), followed by the emotion head: 86,574,663 parameters for
  /// seven classes. Beyond the last attention only the class token matters, so that only it is computed.
  static let vit = NetworkEntry(
    name: "vit", title: "ViT-B/16", camNode: "encoder.layers.encoder_layer_11.ln_1"
  ) { net, classes in
    var x = net.input  // 3×224×224

    x = net("conv_proj", Convolution(768, kernel: 16, stride: 16, start: .truncatedFanIn), x)  // 768×14×14
    x = net("tokens", Tokens(), x)  // 196×768
    x = net("class_token", Prepended(), x)  // 197×768
    x = net("encoder", Offset("pos_embedding", .normal(deviation: 0.02)), x)

    for index in 0..<12 {
      x = net.vitBlock("encoder.layers.encoder_layer_\(index)", x, isLast: index == 11)
    }

    x = net("encoder.ln", LayerNorm(epsilon: 1e-6), x)  // 768
    x = net("heads.head", Linear(1000, start: .zero), x)
    return net("ser_head", Linear(classes), x)
  }
}

extension GraphBuilder {
  fileprivate mutating func vitBlock(_ name: String, _ x: Edge, isLast: Bool) -> Edge {
    let attention = "\(name).self_attention"
    var x = x
    var y = self("\(name).ln_1", LayerNorm(epsilon: 1e-6), x)
    y = self(attention, Linear(3 * 768, start: .xavierUniform(), prefix: "in_proj_"), y)
    y = self("\(attention).heads", Attention(heads: 12, keys: 64, packing: .together), y)
    if isLast {
      x = self("\(name).class", Token(0), x)
      y = self("\(attention).class", Token(0), y)
    }
    y = self("\(attention).out_proj", Linear(768, start: .torchWithoutBias), y)
    x = self("\(name).sum_1", Sum(), y, x)

    y = self("\(name).ln_2", LayerNorm(epsilon: 1e-6), x)
    y = self("\(name).mlp.0", Linear(3072, start: .xavierUniform(biases: 1e-6)), y)
    y = self("\(name).mlp.1", GELU(), y)
    y = self("\(name).mlp.3", Linear(768, start: .xavierUniform(biases: 1e-6)), y)
    return self("\(name).sum_2", Sum(), y, x)
  }
}
