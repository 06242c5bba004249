import Core
import Foundation

extension WeightMatch {
  /// Writes the matched tensors to a safetensors file as 32-bit floats under the network's names, one at a time.
  ///
  /// - Parameter metadata: what the new file says about itself.
  /// - Throws: `WeightError.notFinite` for the first tensor with a weight that is no finite number; then nothing is
  ///   written. `WeightError` and `CoreError` otherwise.
  package func write(from file: WeightFile, metadata: [String: String], to url: URL) throws {
    let descriptions = matched.map { (name: $0.wanted.name, type: SafeTensors.ElementType.f32, shape: $0.wanted.shape) }
    try SafeTensorsWriter.write(descriptions, metadata: metadata, to: url) { index, put in
      let pair = matched[index]
      let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: pair.wanted.count)
      defer { floats.deallocate() }
      let found = try pair.source.fill(floats, shape: pair.wanted.shape, from: file)
      guard found.isEmpty else { throw WeightError.notFinite(path: path, tensor: pair.wanted.name, found: found) }
      try put(UnsafeRawBufferPointer(floats))
    }
  }
}
