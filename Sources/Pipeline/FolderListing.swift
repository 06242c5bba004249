import Foundation

/// The files below a corpus's folder, hidden ones left out.
package struct FolderListing: Sendable {
  package let root: URL
  /// Relative paths of files with the extension of an audio format, sorted.
  package let audio: [String]
  /// Relative paths of all other files, sorted.
  package let others: [String]

  package static let audioExtensions: Set<String> = [
    "wav", "wave", "flac", "ogg", "oga", "opus", "mp3", "aif", "aiff", "aifc", "au", "snd", "caf", "w64", "rf64",
  ]

  /// - Throws: `PipelineError.cannotOpen`.
  package init(_ folder: URL) throws {
    root = folder.resolvingSymlinksInPath()
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder) else {
      throw PipelineError.cannotOpen(path: folder.path, reason: "no such folder")
    }
    guard isFolder.boolValue else {
      throw PipelineError.cannotOpen(path: folder.path, reason: "a file; a corpus is a folder")
    }
    guard let walk = FileManager.default.enumerator(atPath: root.path), access(root.path, R_OK | X_OK) == 0 else {
      throw PipelineError.cannotOpen(path: folder.path, reason: "it may not be read")
    }
    var audio: [String] = [], others: [String] = []
    for case let path as String in walk where !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
      var status = stat()
      guard stat(root.path + "/" + path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      if Self.audioExtensions.contains((path as NSString).pathExtension.lowercased()) {
        audio.append(path)
      } else {
        others.append(path)
      }
    }
    (self.audio, self.others) = (audio.sorted(), others.sorted())
  }
}

/// Parts of relative paths.
enum Path {
  /// "a/b/03a01Fa.wav" → "03a01Fa".
  static func stem(_ path: String) -> String { (name(path) as NSString).deletingPathExtension }

  /// "a/b/03a01Fa.wav" → "03a01Fa.wav".
  static func name(_ path: String) -> String { (path as NSString).lastPathComponent }

  /// Folders above the file, outermost first.
  static func folders(_ path: String) -> [String] { path.split(separator: "/").dropLast().map(String.init) }
}
