import Core
import Foundation
import NN
import Pipeline

/// The door to everything that computes, shared by the command line and the workbench.
package final class Laboratory: Sendable {
  package let paths: Paths
  package let store: RunStore
  package let library: CorpusLibrary
  package let weights: WeightStore
  /// Said once at the start: a catalog that cannot be written, for instance.
  package let warnings: [String]

  package static var models: [String] { Networks.all.map(\.name) }
  package static var transforms: [String] { Transforms.names }

  package init(paths: Paths, store: RunStore? = nil) throws {
    self.paths = paths
    self.store = store ?? RunStore(root: paths.runs)
    let catalog = try Catalog(url: paths.catalog)
    library = CorpusLibrary(folder: paths.corpora, catalog: catalog)
    weights = WeightStore(folder: paths.weights)
    warnings = [catalog.warning].compactMap { $0 } + library.problems() + weights.all().problems
  }
}
