import Foundation

/// The files that Tests/Interop/make-weight-goldens.py wrote, and what PyTorch reads in them.
enum Goldens {
  struct Tensor: Decodable {
    let type: String
    let shape: [Int]
    /// As 32-bit floats, in row-major order; JSON has no NaN, so they are text.
    let values: [String]
  }

  private struct Expected: Decodable {
    let read: [String: [String: Tensor]]
    let refused: [String: String]
  }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")

  private static let expected: Expected = {
    do {
      let json = try Data(contentsOf: folder.appendingPathComponent("expected.json"))
      return try JSONDecoder().decode(Expected.self, from: json)
    } catch {
      preconditionFailure("Goldens/expected.json cannot be read: \(error)")
    }
  }()

  /// File → tensor → what it holds.
  static var read: [String: [String: Tensor]] { expected.read }
  /// File → a part of the sentence with which it is refused.
  static var refused: [String: String] { expected.refused }

  static func url(_ name: String) -> URL { folder.appendingPathComponent(name) }
  static func data(_ name: String) throws -> Data { try Data(contentsOf: url(name)) }
}
