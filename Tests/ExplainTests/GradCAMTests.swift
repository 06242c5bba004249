import Core
import Explain
import NN
import Testing

@Suite(.serialized) struct GradCAMTests {
  @Engine private static func image(_ pointer: UnsafeMutablePointer<Float>, _ count: Int, seed: UInt64 = 3) {
    let stream = RandomStream(seed: seed, purpose: "test.cam")
    for i in 0..<count { pointer[i] = stream.uniform(i) }
  }

  @Engine private static func network(_ name: String) throws -> Network {
    let network = try Network(Networks.named(name))
    network.initialise(seed: 4)
    return network
  }

  private static let pixels = 3 * 224 * 224

  /// Every node that has positions gives a map in 0 … 1; every other is refused by name.
  @Test(arguments: Networks.all.map(\.name))
  func everyNodeIsMappedOrRefused(name: String) async throws {
    try await Engine.run {
      let network = try Self.network(name)
      let names = network.graph.nodes.map(\.name)
      var mapped: [String] = []
      for node in names {
        do { mapped.append(try GradCAM(network, node: node).node) } catch let error as ExplainError {
          #expect(error.description.hasPrefix("\(node): its output "))
        }
      }
      #expect(mapped.count > 4 && mapped.count < names.count)
      for node in Set([mapped[0], mapped[mapped.count / 2], mapped[mapped.count - 1]]) {
        let cam = try GradCAM(network, node: node)
        let maps = try cam.maps(targets: [2], methods: CAMMethod.allCases) { Self.image($0, Self.pixels) }
        // A nearly flat map keeps some of the 1e-7 of its scaling, so its top need not be 1.
        for map in maps.map({ $0[0] }) {
          #expect(map.values.count == 224 * 224 && map.target == 2 && map.logits.count == 7)
          let (isUnit, hasTop) = (map.values.allSatisfy { (0...1).contains($0) }, map.values.contains { $0 > 0.5 })
          #expect(isUnit && (map.isBlank || hasTop), "\(node)")
        }
      }
    }
  }

  /// A batch gives each image the map that it has alone.
  @Test(arguments: Networks.all.map(\.name))
  func aBatchEqualsItsImagesOneByOne(name: String) async throws {
    try await Engine.run {
      let network = try Self.network(name)
      let cam = try GradCAM(network)
      let both = try cam.maps(targets: [0, nil], methods: [.gradCAMPlusPlus]) {
        Self.image($0, Self.pixels)
        Self.image($0 + Self.pixels, Self.pixels, seed: 9)
      }[0]
      let first = try cam.maps(targets: [0], methods: [.gradCAMPlusPlus]) { Self.image($0, Self.pixels) }[0][0]
      let second = try cam.maps(targets: [nil], methods: [.gradCAMPlusPlus]) {
        Self.image($0, Self.pixels, seed: 9)
      }[0][0]
      let best = second.logits.indices.max { second.logits[$0] < second.logits[$1] }
      #expect(second.target == best)
      for (a, b) in zip(both, [first, second]) {
        #expect(a.target == b.target)
        let areClose = zip(a.values, b.values).allSatisfy { abs($0 - $1) < 1e-2 }
        #expect(areClose)
      }
    }
  }

  @Test func impossibleWishesAreSentences() async throws {
    try await Engine.run {
      let network = try Self.network("cnn-lstm")
      let cam = try GradCAM(network)
      #expect(throws: ExplainError.unknownClass(7, classes: 7)) {
        try cam.maps(targets: [7], methods: [.gradCAM]) { Self.image($0, Self.pixels) }
      }
      #expect(throws: ExplainError.notANumber(network: "cnn-lstm")) {
        try cam.maps(targets: [1], methods: [.gradCAM]) {
          Self.image($0, Self.pixels)
          $0[1000] = .nan
        }
      }
      #expect(throws: NNError.self) { try GradCAM(network, node: "nowhere") }
      #expect(throws: ExplainError.noMap(node: "fc1", shape: "1000")) { try GradCAM(network, node: "fc1") }
    }
  }
}
