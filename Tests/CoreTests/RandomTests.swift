import Core
import Synchronization
import Testing

@Suite struct RandomTests {
  @Test func splitmixMatchesItsPublishedSequence() {
    // Vigna's reference generator seeded with 0 begins with this value.
    #expect(splitmix64(0) == 0xE220_A839_7B1D_CDAF)
  }

  @Test func streamsAreReproducibleAndIndependent() {
    let a = RandomStream(seed: 1, purpose: "shuffle", 3)
    #expect(a.permutation(100) == RandomStream(seed: 1, purpose: "shuffle", 3).permutation(100))
    #expect(a.permutation(100) != RandomStream(seed: 1, purpose: "shuffle", 4).permutation(100))
    #expect(a.permutation(100) != RandomStream(seed: 2, purpose: "shuffle", 3).permutation(100))
    #expect(a.permutation(100).sorted() == Array(0..<100))
    #expect((0..<1000).allSatisfy { (0..<7).contains(a.integer($0, below: 7)) })
    let mean = (0..<10_000).reduce(Float(0)) { $0 + a.uniform($1) } / 10_000
    #expect(abs(mean - 0.5) < 0.02)
  }

  @Test @Engine func parallelLoopsCoverEveryIndexOnce() {
    let hits = Mutex([Int](repeating: 0, count: 1001))
    Parallel.forEach(1001) { range in hits.withLock { hits in range.forEach { hits[$0] += 1 } } }
    #expect(hits.withLock { $0.allSatisfy { $0 == 1 } })
  }

  @Test func engineRunsOffTheCaller() async {
    let threads = await Engine.run { Parallel.threads }
    #expect(threads == Engine.settings.threads)
  }
}
