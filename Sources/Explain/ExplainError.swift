import Core

/// Mistakes that a user of explanations can make.
package enum ExplainError: UserError, Equatable {
  case noMap(node: String, shape: String)
  case unknownClass(Int, classes: Int)
  case notANumber(network: String)

  package var description: String {
    switch self {
    case .noMap(let node, let shape):
      "\(node): its output \(shape) is neither a feature map nor tokens on a square grid, so it cannot be laid over the image"
    case .unknownClass(let index, let classes): "there is no class \(index); the network tells apart \(classes)"
    case .notANumber(let network): "\(network) answers with NaN or infinity, so nothing can be said about its attention"
    }
  }
}
