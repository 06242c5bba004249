import Core

/// Mistakes that a user of pictures can make.
package enum ExportError: UserError, Equatable {
  case unknownFormat(path: String)
  case tooLarge(width: Int, height: Int)
  case cannotDraw(reason: String)

  package var description: String {
    switch self {
    case .unknownFormat(let path): "\(path): a picture's name ends in .png or .svg"
    case .tooLarge(let width, let height):
      "a picture of \(width)×\(height) pixels is too large; 30000 a side are possible"
    case .cannotDraw(let reason): "the picture could not be drawn (\(reason))"
    }
  }
}
