import Attacks
import Core
import Foundation
import Lab
import Testing

@Suite(.serialized) struct DefenceTests {
  private let small = SmallLaboratory()

  @Test func settingsAreRead() throws {
    let plain = try Defence(parsing: "pgd")
    #expect(plain.attack == "pgd" && plain.ratio == 1 && plain.settings.randomStart)
    #expect(plain.images(beside: 32) == 32 && plain.images(beside: 5) == 5)
    let defence = try Defence(parsing: "pgd:eps=8/255,alpha=2/255,steps=3,random-start=off,ratio=0.25")
    #expect(defence.settings.epsilon == 8.0 / 255 && defence.settings.alpha == 2.0 / 255)
    #expect(defence.settings.steps == 3 && !defence.settings.randomStart && defence.images(beside: 32) == 8)
    #expect(defence.images(beside: 1) == 1)
  }

  @Test(arguments: Attacks.whiteBox.map(\.name)) func everyWhiteBoxAttackDefends(name: String) throws {
    #expect(try Defence(parsing: name).attack == name)
    #expect(try Defence(parsing: "\(name):eps=16/255").settings.epsilon == 16.0 / 255)
  }

  @Test(arguments: [
    "", "pdg", "pgd:", "pgd:eps", "pgd:eps=2.0", "pgd:eps=-1/255", "pgd:eps=x", "pgd:steps=0", "pgd:steps=1.5",
    "pgd:ratio=0", "pgd:ratio=2", "pgd:ratio=nan", "pgd:colour=red", "fgsm:steps=3", "pgd:random-start=maybe",
    "pgd:eps=8/255,", "pgd:steps=2,steps=3",
  ])
  func mistakesAreRefused(text: String) {
    #expect { _ = try Defence(parsing: text) } throws: { $0 is any UserError }
  }

  @Test func blackBoxesDoNotDefend() {
    for attack in Attacks.all where !attack.isWhiteBox {
      #expect { _ = try Defence(parsing: attack.name) } throws: { $0 is any UserError }
    }
  }

  @Test func jobsOfBeforeStillDecode() throws {
    let old = """
      {"corpus":"c","transform":"mel","model":"alexnet","split":"utterance","strideMilliseconds":500,"epochs":1,\
      "batch":32,"learningRate":0.1,"weightDecay":0,"seed":0,"augment":"none","normalise":"corpus"}
      """
    let job = try JSON.decoder().decode(Job.self, from: Data(old.utf8))
    #expect(job.defend == nil)
    var defended = job
    defended.defend = try Defence(parsing: "mi-fgsm:decay=0.5")
    #expect(try JSON.decoder().decode(Job.self, from: Data(try JSON.line(defended).utf8)) == defended)
  }

  /// With a random start, so that its numbers matter; stopped within epochs and validations, and resumed.
  @Test func aDefendedRunResumesToTheSameBits() async throws {
    defer { small.remove() }
    let laboratory = try small.open()
    let job = try small.job {
      ($0.epochs, $0.limit) = (1, 12)
      $0.defend = try Defence(parsing: "pgd:ratio=0.5")
    }
    let whole = try await laboratory.train(job, name: "whole", control: RunControl()) { _ in }
    var stops = 0
    var run = try await laboratory.train(job, name: "cut", control: RunControl(stoppingAfterReads: 2)) { _ in }
    while run.status == .stopped, stops < 9 {
      let control = RunControl(stoppingAfterReads: [7, 9, 1000][min(2, stops)])
      stops += 1
      run = try await laboratory.resume("cut", control: control) { _ in }
    }
    #expect(run.status == .finished && stops >= 2)
    #expect(whole.epochs.count == 1 && whole.epochs.allSatisfy { $0.attackedAccuracy != nil })
    #expect(whole.epochs.map(\.attackedAccuracy) == run.epochs.map(\.attackedAccuracy))
    let (a, b) = (try laboratory.store.open("whole"), try laboratory.store.open("cut"))
    #expect(try Data(contentsOf: a.lastCheckpoint) == Data(contentsOf: b.lastCheckpoint))
    #expect(whole.notes.contains { $0.contains("adversarial images") })
    // Without the defence the same job ends elsewhere.
    var plain = job
    plain.defend = nil
    let undefended = try await laboratory.train(plain, name: "plain", control: RunControl()) { _ in }
    #expect(undefended.epochs.allSatisfy { $0.attackedAccuracy == nil })
    #expect(
      try Data(contentsOf: a.bestCheckpoint) != Data(contentsOf: try laboratory.store.open("plain").bestCheckpoint))
  }
}
