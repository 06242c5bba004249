import Core

/// Mistakes that a user of networks can make.
package enum NNError: UserError, Equatable {
  case unknownNetwork(name: String, known: [String])
  case wrongCheckpoint(path: String, network: String, difference: String)
  case unsupported(node: String, what: String)
  case unknownNode(String, network: String, known: [String])
  case badBatch(Int)
  case badClasses(Int)

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
    case .badBatch(let size): "a batch of \(size) images is not possible; it needs at least 1"
    case .badClasses(let count): "\(count) classes are not possible; a network tells apart at least 2"
    }
  }
}
