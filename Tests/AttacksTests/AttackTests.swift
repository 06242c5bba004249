import Attacks
import Core
import NN
import Testing

@Suite struct AttackTests {
  @Test func namesAreUnique() {
    #expect(Set(Attacks.all.map(\.name)).count == Attacks.all.count)
  }
}
