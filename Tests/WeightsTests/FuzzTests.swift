import Foundation
import Testing
import WeightsFuzzing

@Suite struct FuzzTests {
  /// Some thousand of the files that `fuzz-weights` tries by the million.
  @Test func damagedFilesAreRefusedOrRead() throws {
    let names = (Array(Goldens.read.keys) + Array(Goldens.refused.keys)).sorted()
    let seeds = try names.map { [UInt8](try Goldens.data($0)) }
    var run = FuzzRun(Mutator(seeds: seeds, seed: 20_260_101))
    for index in 0..<5_000 { run.attempt(index) }
    #expect(run.failures.isEmpty, "\(run.failures.prefix(3))")
    // Damage that is always noticed at the door, or never, would test nothing.
    #expect(run.opened > 100 && run.refused > 1_000, "\(run.opened) opened, \(run.refused) refused")
  }

  @Test func theSameNumberGivesTheSameFile() throws {
    let seeds = [[UInt8](try Goldens.data("bare.pt")), [UInt8](try Goldens.data("plain.safetensors"))]
    let mutator = Mutator(seeds: seeds, seed: 1)
    #expect((0..<50).allSatisfy { mutator.file($0) == Mutator(seeds: seeds, seed: 1).file($0) })
    #expect((0..<50).contains { mutator.file($0) != Mutator(seeds: seeds, seed: 2).file($0) })
  }
}
