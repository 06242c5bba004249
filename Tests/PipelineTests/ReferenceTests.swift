import Core
import Foundation
import Pipeline
import Testing

/// Where data that are never committed lie; tests that need them are skipped where they are missing.
enum Fixtures {
  static let reference = folder("QUAVER_REFERENCE") ?? sibling("reference")
  static let emodb = folder("QUAVER_EMODB") ?? sibling("data/emodb")

  private static func folder(_ variable: String) -> URL? {
    ProcessInfo.processInfo.environment[variable].flatMap(existing)
  }

  private static func sibling(_ path: String) -> URL? {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return existing(package.deletingLastPathComponent().appendingPathComponent("shared/\(path)").path)
  }

  private static func existing(_ path: String) -> URL? {
    FileManager.default.fileExists(atPath: path) ? URL(fileURLWithPath: path, isDirectory: true) : nil
  }

  static func vectors(_ kind: String) -> [URL] {
    guard let folder = reference?.appendingPathComponent(kind) else { return [] }
    let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension == "safetensors" }.sorted { $0.path < $1.path }
  }
}

@Suite struct ReferenceTests {
  @Test(
    .enabled(if: Fixtures.reference != nil, "no reference vectors; set QUAVER_REFERENCE"),
    arguments: Fixtures.vectors("spectrogram"))
  func spectrogram(_ url: URL) async throws {
    let verdict = try await SpectrogramCheck().verdict(on: SafeTensors(contentsOf: url), emodb: nil)
    print(url.lastPathComponent, verdict.outcome.rawValue, verdict.measured)
    #expect(verdict.outcome == .ok, "\(verdict.measured)")
  }

  @Test(
    .enabled(if: Fixtures.reference != nil && Fixtures.emodb != nil, "set QUAVER_REFERENCE and QUAVER_EMODB"),
    arguments: Fixtures.vectors("corpus"))
  func corpus(_ url: URL) async throws {
    let verdict = try await CorpusReferenceCheck().verdict(on: SafeTensors(contentsOf: url), emodb: Fixtures.emodb)
    print(url.lastPathComponent, verdict.outcome.rawValue, verdict.measured)
    #expect(verdict.outcome == .ok, "\(verdict.measured)")
  }
}
