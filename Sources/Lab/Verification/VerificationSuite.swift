import Attacks
import Core
import Explain
import Foundation
import NN
import Pipeline

/// The cases of a folder of reference vectors, in order.
package struct VerificationSuite: Sendable {
  /// One checker a kind: adding a kind is one line.
  package static let checks: [any ReferenceCheck] = [
    SpectrogramCheck(), CorpusReferenceCheck(), ModelCheck(), AttackCheck(), MetricsReference(), TSNEReference(),
    CAMReference(),
  ]

  package struct Item: Sendable {
    package let name: String
    let source: Source

    enum Source: Sendable {
      case file(URL)
      /// A folder that the README lists and that holds no case.
      case empty(String)
    }

    /// Never throws: what goes wrong is the case's failure.
    package func verdict(emodb: URL?) async -> Verdict {
      guard case .file(let url) = source else {
        guard case .empty(let reason) = source else { return Verdict(.fail, "no source") }
        return Verdict(.fail, reason)
      }
      do {
        let file = try SafeTensors(contentsOf: url)
        guard let kind = file.metadata["kind"] else { return Verdict(.fail, "the metadata name no kind") }
        guard let check = VerificationSuite.checks.first(where: { $0.kind == kind }) else {
          return Verdict(.skipped, "kind “\(kind)” is not checked by this version")
        }
        return try await check.verdict(on: file, emodb: emodb)
      } catch let error as any UserError {
        return Verdict(.fail, error.description)
      } catch {
        return Verdict(.fail, "\(error)")
      }
    }
  }

  package let items: [Item]

  /// - Throws: `CoreError.cannotRead` when the folder cannot be listed or holds no case at all.
  package init(folder: URL) throws {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } catch {
      throw CoreError.cannotRead(path: folder.path, reason: AtomicFile.reason(of: error))
    }
    let here = Self.cases(in: folder, prefix: "")
    let listed = Self.listedFolders(folder)
    let folders = names.filter { Self.isFolder(folder.appendingPathComponent($0)) }
    var items = here
    for name in Set(folders).union(listed).sorted() {
      let cases = Self.cases(in: folder.appendingPathComponent(name), prefix: name + "/")
      if cases.isEmpty, listed.contains(name) {
        items.append(
          Item(name: name, source: .empty("the README lists this folder, and it is missing or holds no case")))
      }
      items += cases
    }
    guard !items.isEmpty else { throw CoreError.cannotRead(path: folder.path, reason: "it holds no .safetensors case") }
    self.items = items
  }

  private static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private static func cases(in folder: URL, prefix: String) -> [Item] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".safetensors") }.sorted().map {
      Item(name: prefix + $0.dropLast(".safetensors".count), source: .file(folder.appendingPathComponent($0)))
    }
  }

  /// First cells of the README's table whose header begins with "folder".
  private static func listedFolders(_ folder: URL) -> Set<String> {
    guard let text = try? String(contentsOf: folder.appendingPathComponent("README.md"), encoding: .utf8) else {
      return []
    }
    var listed: Set<String> = []
    var inTable = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.hasPrefix("|") else {
        inTable = false
        continue
      }
      let first = line.dropFirst().prefix { $0 != "|" }.trimmingCharacters(in: .whitespaces)
      if first == "folder" {
        inTable = true
      } else if inTable, RunStore.isName(first), !first.allSatisfy({ $0 == "-" }) {
        listed.insert(first)
      }
    }
    return listed
  }
}
