import Core
import Foundation

extension WeightFile {
  /// Writes the file's tensors to a safetensors file under the same names and types, one at a time.
  ///
  /// - Parameters:
  ///   - metadata: what the new file says about itself.
  ///   - wanted: which tensors; all by default.
  /// - Throws: `CoreError`, `WeightError`.
  package func export(
    to url: URL, metadata: [String: String], where wanted: (String) -> Bool = { _ in true }
  ) throws {
    let named = tensors.filter { wanted($0.key) }.sorted { $0.key < $1.key }
    let descriptions = named.map { (name: $0.key, type: $0.value.type, shape: $0.value.shape) }
    try SafeTensorsWriter.write(descriptions, metadata: metadata, to: url) { index, put in
      let tensor = named[index].value
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.count * tensor.type.bytes, alignment: 16)
      defer { copy.deallocate() }
      try rowMajorBytes(tensor, into: copy)
      try put(UnsafeRawBufferPointer(copy))
    }
  }
}
