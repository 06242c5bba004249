import Core
import Foundation

/// The files below a corpus's folder, hidden ones left out.
package struct FolderListing: Sendable {
  package let root: URL
  /// Relative paths of files with the extension of an audio format, sorted.
  package let audio: [String]
  /// Relative paths of all other files, sorted.
  package let others: [String]
  /// What could hold sounds and cannot be looked into, sorted: told among the files that cannot be opened.
  package let closed: [RejectedFile]
  /// Changes when one of the entries comes, goes, gets another size or time, or may be read where it could not before.
  /// Links count as what they lead to.
  package let stamp: UInt64

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
    var walk = Walk(root: root.path)
    try walk.enter("", from: [])
    (audio, others) = (walk.audio.sorted(), walk.others.sorted())
    (closed, stamp) = (walk.closed.sorted { $0.file < $1.file }, walk.stamp)
  }

  /// A walk that follows links to folders, and leaves out nothing that could be a sound without a word.
  private struct Walk {
    let root: String
    var audio: [String] = [], others: [String] = []
    var closed: [RejectedFile] = []
    var stamp: UInt64 = 0

    init(root: String) { self.root = root }

    /// Takes note of an entry's state. A sum, because the order of a folder's entries is the file system's.
    ///
    /// - Parameter status: nil when the entry is not there: a link to nothing.
    private mutating func note(_ file: String, _ status: stat?) {
      guard let status else { return stamp &+= fnv1a64("\(file)|gone") }
      // Not the mode nor the time of its change: a chmod or a hard link changes nothing of what is measured.
      let time = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)", isReadable = access(root + "/" + file, R_OK) == 0
      stamp &+= fnv1a64("\(file)|\(status.st_size)|\(time)|\(isReadable)")
    }

    /// Leaves nothing out without a word that may hold sounds.
    private mutating func close(_ file: String, _ reason: String) {
      closed.append(RejectedFile(file: file, reason: PipelineError.cannotOpen(path: file, reason: reason).reason))
      note(file, nil)
    }

    /// - Parameter above: the folders on the way here, resolved: a link to one of them leads round in a circle.
    mutating func enter(_ folder: String, from above: Set<String>) throws {
      let path = folder.isEmpty ? root : root + "/" + folder
      guard access(path, R_OK | X_OK) == 0, let names = try? FileManager.default.contentsOfDirectory(atPath: path)
      else {
        guard !folder.isEmpty else { throw PipelineError.cannotOpen(path: path, reason: "it may not be read") }
        return close(folder, "it may not be read")
      }
      let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      guard !above.contains(real) else { return }
      for name in names.sorted() where !name.hasPrefix(".") {
        let file = folder.isEmpty ? name : folder + "/" + name
        var status = stat()
        let isThere = stat(root + "/" + file, &status) == 0, kind = status.st_mode & S_IFMT
        if isThere, kind == S_IFDIR {
          try enter(file, from: above.union([real]))
        } else if FolderListing.audioExtensions.contains((name as NSString).pathExtension.lowercased()) {
          // One that is not there (a link to nothing) is told when it is opened.
          guard !isThere || kind == S_IFREG else { continue }
          audio.append(file)
          note(file, isThere ? status : nil)
        } else if isThere, kind == S_IFREG {
          others.append(file)
          note(file, status)
        } else if !isThere, name.unicodeScalars.contains("\u{FFFD}") {
          // Foundation's spelling of a name that is not UTF-8, under which nothing can be found: perhaps a folder.
          close(file, "its name is not UTF-8")
        }
      }
    }
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
