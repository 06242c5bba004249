/// A kind of layer, with small networks of it for the gradient check. A new layer is one row here.
package struct LayerEntry: Sendable {
  package struct Example: Sendable {
    package let network: NetworkEntry

    fileprivate init(
      _ name: String, _ input: Shape, _ build: @escaping @Sendable (inout GraphBuilder, Edge) -> Edge
    ) {
      network = NetworkEntry(name: name, title: name, input: input) { net, _ in build(&net, net.input) }
    }

    fileprivate init(_ name: String, _ input: Shape, _ layer: any Layer) {
      self.init(name, input) { net, x in net("layer", layer, x) }
    }
  }

  /// The layer's `kind`.
  package let kind: String
  package let examples: [Example]

  fileprivate init(_ kind: String, _ examples: Example...) { (self.kind, self.examples) = (kind, examples) }
}

package enum Layers {
  package static let all: [LayerEntry] = [
    LayerEntry(
      "conv2d",
      .init("2×2", [3, 7, 5], Convolution(5, kernel: 2)),
      .init("2×2 in tiles", [32, 10, 11], Convolution(48, kernel: 2)),
      .init("3×3 in tiles without AVX-512", [32, 12, 11], Convolution(48, kernel: 3, padding: 1)),
      .init("2×2 in tiles, padded, no bias", [48, 7, 9], Convolution(32, kernel: 2, padding: 1, bias: false)),
      .init("2×2 of an image", [3, 6, 21], Convolution(32, kernel: 2)),
      .init("3×3 of an image, padded", [3, 5, 18], Convolution(16, kernel: 3, padding: 1)),
      .init("3×3 padded", [32, 6, 5], Convolution(33, kernel: 3, padding: 1)),
      .init("5×5 stride 2, floor", [3, 10, 9], Convolution(4, kernel: 5, stride: 2, padding: 2)),
      .init("7×7 stride 4, padded", [3, 13, 11], Convolution(5, kernel: 7, stride: 4, padding: 3)),
      .init("5×5 stride 3", [1, 9, 8], Convolution(4, kernel: 5, stride: 3, padding: 1)),
      .init("5×5 in tiles, padded", [32, 9, 8], Convolution(48, kernel: 5, padding: 2)),
      .init("groups, no bias", [6, 5, 5], Convolution(4, kernel: 3, padding: 1, groups: 2, bias: false))),
    LayerEntry(
      "batchNorm",
      .init("plain", [3, 5, 4], BatchNorm()),
      .init("blocked", [2, 5, 4]) { net, x in net("norm", BatchNorm(), net("conv", Convolution(17, kernel: 2), x)) },
      .init("tokens, 16 + 8 + 3 channels", [5, 27], BatchNorm()),
      .init("activated, plain", [2, 5, 5], BatchNorm(activation: .hardSwish)),
      .init("activated, tokens", [5, 27], BatchNorm(activation: .hardSwish)),
      .init("values", [9]) { net, x in net("norm", BatchNorm(), net("fc", Linear(17), x)) }),
    LayerEntry("normalise", .init("three channels", [3, 5, 4], Normalise(.imageNet))),
    LayerEntry(
      "hardSwish",
      .init("odd", [3, 5, 7], HardSwish()),
      .init("steep", [6]) { net, x in net("layer", HardSwish(), net("fc", Linear(40), x)) }),
    LayerEntry("relu", .init("odd", [3, 5, 7], ReLU())),
    LayerEntry(
      "gelu",
      .init("odd", [3, 5, 7], GELU()),
      .init("steep", [6]) { net, x in net("layer", GELU(), net("fc", Linear(40), x)) }),
    LayerEntry(
      "layerNorm",
      .init("16 + 5 channels", [5, 21], LayerNorm(epsilon: 1e-6)),
      .init("beside another reader", [3, 8]) { net, x in
        let y = net("fc", Linear(19), x)
        return net("sum", Sum(), y, net("norm", LayerNorm(epsilon: 1e-5), y))
      },
      .init("one row", [33], LayerNorm(epsilon: 1e-5))),
    LayerEntry("elu", .init("odd", [3, 5, 7], ELU())),
    LayerEntry(
      "maxPool",
      .init("2×2, floor", [3, 7, 5], MaxPool(kernel: 2)),
      .init("3×3 stride 2 overlapping, padded", [2, 7, 8], MaxPool(kernel: 3, stride: 2, padding: 1)),
      .init("rectified, blocked", [2, 8, 7]) { net, x in
        net("pool", MaxPool(kernel: 3, stride: 2, rectified: true), net("conv", Convolution(18, kernel: 2), x))
      }),
    LayerEntry(
      "normPool",
      .init("odd, blocked", [2, 8, 6]) { net, x in net("norm", NormPool(), net("conv", Convolution(17, kernel: 2), x)) }
    ),
    LayerEntry(
      "adaptiveAveragePool",
      .init("uneven", [3, 7, 5], AdaptiveAveragePool(3)),
      .init("identity", [2, 3, 3]) { net, x in
        net("pool", AdaptiveAveragePool(2), net("conv", Convolution(17, kernel: 2), x))
      }),
    LayerEntry(
      "linear",
      .init("one row a sample", [11], Linear(7)),
      .init("rows, no bias", [5, 9], Linear(4, bias: false)),
      .init("many rows", [100, 9], Linear(4)),
      .init("named otherwise", [5, 9], Linear(4, prefix: "in_proj_"))),
    LayerEntry(
      "dropout",
      .init("half", [37], Dropout(0.5)),
      .init("whole samples", [37], Dropout(0.5, of: .samples))),
    LayerEntry(
      "flatten",
      .init("all", [2, 3, 5], Flatten()),
      .init("blocked, from 1", [2, 4, 5]) { net, x in
        net("flat", Flatten(from: 1), net("conv", Convolution(5, kernel: 2), x))
      }),
    LayerEntry(
      "tokens",
      .init("plain", [3, 5, 7], Tokens()),
      .init("blocked", [2, 5, 4]) { net, x in net("tokens", Tokens(), net("conv", Convolution(17, kernel: 2), x)) }),
    LayerEntry(
      "featureMap",
      .init("plain", [12, 5], FeatureMap(height: 3)),
      .init("blocked", [12, 5]) { net, x in
        net("conv", Convolution(17, kernel: 2), net("map", FeatureMap(height: 3), x))
      }),
    LayerEntry("prepended", .init("two dimensions", [5, 7], Prepended())),
    LayerEntry("offset", .init("two dimensions", [5, 7], Offset("pos_embedding", .constant(0)))),
    LayerEntry("token", .init("the second", [5, 7], Token(1))),
    LayerEntry(
      "depthwiseNorm",
      .init("stride 1", [25, 19], DepthwiseNorm()),
      .init("stride 2, odd side, two tokens before", [27, 18], DepthwiseNorm(stride: 2, leading: 2)),
      .init("stride 2, even side, beside others", [17, 16]) { net, x in
        let y = net("fc", Linear(16), x)
        let a = net("a", DepthwiseNorm(stride: 2, leading: 1), y), b = net("b", DepthwiseNorm(stride: 2, leading: 1), y)
        return net("sum", Sum(), a, b)
      }),
    LayerEntry(
      "lstm",
      .init("three steps", [3, 5], LSTM(6)),
      .init("one step", [1, 4], LSTM(3))),
    LayerEntry(
      "sum",
      .init("fan-out", [9]) { net, x in
        let a = net("a", Linear(9), x)
        return net("sum", Sum(), net("b", Linear(9), a), a)
      },
      .init("twice the same", [7]) { net, x in net("sum", Sum(), x, x) }),
    LayerEntry(
      "attention",
      .init("together", [19, 30], Attention(heads: 2, keys: 5, packing: .together)),
      .init("wide heads", [19, 112], Attention(heads: 2, keys: 18, values: 20, packing: .together)),
      .init("separate, fewer keys", [6, 5, 4]) { net, x in
        let small = net("small", Tokens(), net("conv", Convolution(6, kernel: 2, stride: 2), x))
        let queries = net("queries", Tokens(), x), values = net("values", Linear(8), small)
        return net("attention", Attention(heads: 2, keys: 3, values: 4), queries, small, values)
      },
      .init("keys with values, several blocks of queries", [4, 10, 10]) { net, x in
        let few = net("few", Tokens(), net("conv", Convolution(6, kernel: 4, stride: 3), x))
        return net(
          "attention", Attention(heads: 1, keys: 4, values: 2, packing: .keysWithValuesByHead), net("all", Tokens(), x),
          few)
      },
      .init("by head, biased", [6, 34]) { net, x in
        let bias = Attention.Bias(count: 9, table: (0..<36).map { Int32($0 * $0 % 9) })
        return net("attention", Attention(heads: 2, keys: 4, values: 9, packing: .togetherByHead, bias: bias), x)
      }),
    LayerEntry(
      "average",
      .init("fan-out", [9]) { net, x in
        let a = net("a", Linear(9), x)
        return net("average", Average(), net("b", Linear(9), a), a)
      }),
    LayerEntry(
      "subsample",
      .init("odd side", [25, 3], Subsample(stride: 2)),
      .init("beside another reader", [16, 4]) { net, x in
        let y = net("fc", Linear(4), x)
        let all = net("mean", TokenMean(), net("after", Linear(4), y))
        return net("sum", Sum(), all, net("few", TokenMean(), net("down", Subsample(stride: 2), y)))
      }),
    LayerEntry("tokenMean", .init("odd", [5, 7], TokenMean())),
  ]
}
