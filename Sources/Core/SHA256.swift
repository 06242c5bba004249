import Foundation
import Kernels

/// The identity of a file's content, as publishers of weights give it.
package enum SHA256 {
  /// 64 hexadecimal digits.
  package static func hex(of data: Data) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    data.withUnsafeBytes { quaver_sha256($0.bindMemory(to: UInt8.self).baseAddress, $0.count, &digest) }
    let digits = Array("0123456789abcdef")
    return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// - Throws: `CoreError.cannotRead`.
  package static func hex(ofFile url: URL) throws -> String { hex(of: try MappedFile.data(url)) }
}
