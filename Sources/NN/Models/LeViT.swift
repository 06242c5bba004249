extension Networks {
  /// LeViT-256 as timm has it (Graham and others 2021; the mean of the head and the distilled head, in training too),
  /// followed by the emotion head: 18,900,883 parameters for seven classes.
  static let levit = NetworkEntry(
    name: "levit", title: "LeViT-256", camNode: "stages.2.blocks.3.mlp.residual"
  ) { net, classes in
    var x = net.input  // 3×224×224

    // 32×112×112, 64×56×56, 128×28×28, 256×14×14
    for (index, channels) in [32, 64, 128, 256].enumerated() {
      if index > 0 { x = net("stem.act\(index)", HardSwish(), x) }
      let name = "stem.conv\(index + 1)"
      x = net("\(name).linear", Convolution(channels, kernel: 3, stride: 2, padding: 1, bias: false), x)
      x = net("\(name).bn", BatchNorm(), x)
    }
    x = net("stem.tokens", Tokens(), x)  // 196×256

    // 196×256, 49×384, 16×512
    var side = 14, width = 256
    for (stage, (next, heads)) in [(256, 4), (384, 6), (512, 8)].enumerated() {
      if stage > 0 {
        x = net.levitDownsample("stages.\(stage).downsample", x, from: width, to: next, side: side)
        (side, width) = ((side + 1) / 2, next)
      }
      for block in 0..<4 {
        let name = "stages.\(stage).blocks.\(block)"
        x = net.levitAttention("\(name).attn", x, width: width, heads: heads, side: side)
        x = net.levitMLP("\(name).mlp", x, width: width)
      }
    }

    x = net("mean", TokenMean(), x)  // 512
    let outputs = ["head", "head_dist"].map { name in
      net("\(name).linear", Linear(1000, start: .truncatedNormal(0.02)), net("\(name).bn", BatchNorm(), x))
    }
    x = net("heads", Average(), outputs[0], outputs[1])
    return net("ser_head", Linear(classes), x)
  }
}

/// Width of a head's queries and keys.
private let keys = 32

extension GraphBuilder {
  /// Linear without bias, and batch norm over all tokens; the last of a residual branch starts as zero.
  fileprivate mutating func linearNorm(_ name: String, _ x: Edge, _ width: Int, start: Float = 1) -> Edge {
    let y = self("\(name).linear", Linear(width, bias: false), x)
    return self("\(name).bn", BatchNorm(weight: start), y)
  }

  fileprivate mutating func levitAttention(
    _ name: String, _ x: Edge, width: Int, heads: Int, side: Int
  ) -> Edge {
    let values = 2 * keys
    var y = linearNorm("\(name).qkv", x, heads * (2 * keys + values))
    let bias = Attention.Bias(side: side, stride: 1)
    y = self(name, Attention(heads: heads, keys: keys, values: values, packing: .togetherByHead, bias: bias), y)
    y = self("\(name).proj.act", HardSwish(), y)
    y = linearNorm("\(name).proj.ln", y, width, start: 0)
    return self("\(name).residual", Sum(), x, y)
  }

  fileprivate mutating func levitMLP(_ name: String, _ x: Edge, width: Int) -> Edge {
    var y = linearNorm("\(name).ln1", x, 2 * width)
    y = self("\(name).act", HardSwish(), y)
    y = linearNorm("\(name).ln2", y, width, start: 0)
    return self("\(name).residual", Sum(), x, y)
  }

  /// Attention whose queries are every second row and column of the tokens, and an MLP.
  fileprivate mutating func levitDownsample(
    _ name: String, _ x: Edge, from width: Int, to next: Int, side: Int
  ) -> Edge {
    let attention = "\(name).attn_downsample", heads = width / keys, values = 4 * keys
    let both = linearNorm("\(attention).kv", x, heads * (keys + values))
    let few = self("\(attention).q.down", Subsample(stride: 2), x)
    let queries = linearNorm("\(attention).q.ln", few, heads * keys)
    let layer = Attention(
      heads: heads, keys: keys, values: values, packing: .keysWithValuesByHead,
      bias: Attention.Bias(side: side, stride: 2))
    var y = self(attention, layer, queries, both)
    y = self("\(attention).proj.act", HardSwish(), y)
    y = linearNorm("\(attention).proj.ln", y, next)
    return levitMLP("\(name).mlp", y, width: next)
  }
}

extension Attention.Bias {
  /// Pairs of pixels share a bias when they lie equally far apart along rows and along columns: queries are every
  /// `stride`-th row and column of a `side`×`side` map, keys all of it.
  fileprivate init(side: Int, stride: Int) {
    let sampled = Swift.stride(from: 0, to: side, by: stride)
    var table: [Int32] = []
    for (queryRow, queryColumn) in sampled.flatMap({ row in sampled.map { (row, $0) } }) {
      for (row, column) in (0..<side).flatMap({ row in (0..<side).map { (row, $0) } }) {
        table.append(Int32(abs(queryRow - row) * side + abs(queryColumn - column)))
      }
    }
    self.init(count: side * side, table: table)
  }
}
