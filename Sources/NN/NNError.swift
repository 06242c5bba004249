import Core

/// Mistakes that a user of networks can make.
package enum NNError: UserError, Equatable {
  case unknownNetwork(name: String, known: [String])
  case wrongCheckpoint(path: String, network: String, difference: String)
  case unsupported(node: String, what: String)
  case unknownNode(String, network: String, known: [String])
  case badBatch(Int)
  case badClasses(Int)
  case noBF16
  case nothingToFreeze(pattern: String, network: String, example: String)
  case allFrozen(network: String)

  package var description: String {
    switch self {
    case .unknownNetwork(let name, let known):
      "no network is called “\(name)”; there are \(known.joined(separator: ", "))"
    case .wrongCheckpoint(let path, let network, let difference):
      "\(path): not a checkpoint of this \(network) (\(difference)); nothing was loaded"
    case .unsupported(let node, let what): "\(node): \(Library.name) cannot run \(what)"
    case .unknownNode(let node, let network, let known):
      "\(network) has no node “\(node)”; it has \(known.prefix(40).joined(separator: ", "))"
        + (known.count > 40 ? " and \(known.count - 40) more" : "")
    case .badBatch(let size): "a batch of \(size) images is not possible; 1 to \(Network.largestBatch) are"
    case .nothingToFreeze(let pattern, let network, let example):
      "“\(pattern)” names no parameter of \(network) to freeze (one is “\(example)”; * stands for any characters)"
    case .allFrozen(let network): "every parameter of \(network) is frozen, so that there is nothing to train"
    case .noBF16:
      "this processor has no instructions for bf16 (AVX-512 BF16 or AMX), so that --precision bf16 is not possible here; "
        + "float32 is"
    case .badClasses(let count): "\(count) classes are not possible; a network tells apart at least 2"
    }
  }
}
