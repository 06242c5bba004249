import Core
import Foundation
import Pipeline
import Testing

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
