import Attacks
import Core
import NN
import Testing

/// Counted from the plans' own sizes: nothing is run.
@Suite(.serialized) struct AttackMemoryTests {
  @Test func anAttackOnVGG16TakesAThirdOfATraining() async throws {
    try await Engine.run {
      let entry = try Networks.named("vgg16"), network = try Network(entry)
      let training = try network.plan(batch: 32, demand: .parameterGradients).bytes
      let group = Attacker.group(entry, batch: 32)
      let attack = try network.plan(batch: group, demand: .inputGradient).bytes
      let queries = try network.plan(batch: group, demand: .inference).bytes
      let sentence = "\(attack >> 20) and \(queries >> 20) MiB for \(group) images, training takes \(training >> 20)"
      #expect((attack + queries) * 3 < training, "\(sentence)")
    }
  }

  @Test func groupsAreEqualAndFew() throws {
    #expect(Attacker.group(try Networks.named("cnn-lstm"), batch: 32) == 16)
    #expect(Attacker.group(try Networks.named("vit"), batch: 32) == 16)
    #expect(Attacker.group(try Networks.named("alexnet"), batch: 32) == 32)
    #expect(Attacker.group(try Networks.named("vgg16"), batch: 3) == 3)
    for entry in Networks.all { #expect((5...32).contains(Attacker.group(entry, batch: 32)), "\(entry.name)") }
  }
}
