/// Runs that wait for their turn in this process, in order.
package struct RunQueue: Codable, Sendable, Equatable {
  package enum Work: Codable, Sendable, Equatable {
    case train(Job)
    case resume(run: String)
    case attack(AttackWish)

    /// What it goes on from; nil for a new run.
    package var run: String? {
      switch self {
      case .train: nil
      case .resume(let run): run
      case .attack(let wish): wish.run
      }
    }
  }

  package struct Entry: Codable, Sendable, Equatable, Identifiable {
    package let id: Int
    package let work: Work
    /// Left by an earlier session: it waits until the user lets it go on. Not kept, since all that is read was left.
    package internal(set) var isHeld = false

    private enum CodingKeys: String, CodingKey { case id, work }

    /// What waits, in a few words.
    package var label: String {
      switch work {
      case .train(let job):
        "train \(job.model) on \(job.corpus), \(job.transform), seed \(job.seed), \(job.epochs) epochs"
          + Self.others(job)
      case .resume(let run): "resume \(run)"
      case .attack(let wish): wish.label
      }
    }

    /// ", batch 8, lr 0.001": what is not as usual and not said by every label, so that no two look alike that differ.
    private static func others(_ job: Job) -> String {
      let said = ["network", "transform", "seed", "epochs"]
      let unusual = JobFields.all.filter { !said.contains($0.name) && $0.read(job) != $0.read(Job.defaults) }
      let words = unusual.map { field -> String in
        let value = field.name == "split" ? job.splitName : field.read(job)
        return ", \(field.name == "learning rate" ? "lr" : field.name) \(value)"
      }
      return words.joined()
    }
  }

  package private(set) var entries: [Entry] = []
  private var nextID = 1

  private enum CodingKeys: String, CodingKey { case entries, nextID }

  package init() {}

  /// Whether anything waits for the user's word.
  package var isHeld: Bool { entries.contains { $0.isHeld } }
  /// Whether anything begins by itself when its turn comes.
  package var isMoving: Bool { entries.contains { !$0.isHeld } }

  /// - Parameter isHeld: for what an earlier session left; what is asked for now does not wait for that.
  package mutating func append(_ work: Work, isHeld: Bool = false) {
    entries.append(Entry(id: nextID, work: work, isHeld: isHeld))
    nextID += 1
  }

  /// The first that may begin.
  package mutating func takeFirst() -> Entry? {
    guard let index = entries.firstIndex(where: { !$0.isHeld }) else { return nil }
    return entries.remove(at: index)
  }

  /// Back to where it was taken from.
  mutating func putBack(_ entry: Entry) { entries.insert(entry, at: 0) }

  package mutating func obey(_ wish: QueueWish) {
    switch wish {
    case .remove(let id): entries.removeAll { $0.id == id }
    case .advance(let id):
      if let index = entries.firstIndex(where: { $0.id == id }), index > 0 { entries.swapAt(index, index - 1) }
    case .proceed:
      for index in entries.indices { entries[index].isHeld = false }
    }
  }
}

/// What a user asks of the queue.
package enum QueueWish: Sendable, Equatable {
  case remove(Int)
  /// One place nearer to the front.
  case advance(Int)
  /// Lets what an earlier session left go on.
  case proceed
}

/// What a job will cost, before it starts.
package struct Estimate: Sendable, Equatable {
  /// Seconds of one epoch, validation included, and of the whole run; nil while nothing is known of this network's speed.
  package var secondsAnEpoch: Double?
  package var seconds: Double?
  /// Bytes of weights, optimiser, activations and images.
  package var bytes: Int?
  /// Where the numbers come from.
  package var basis: String

  package init(secondsAnEpoch: Double? = nil, seconds: Double? = nil, bytes: Int? = nil, basis: String) {
    (self.secondsAnEpoch, self.seconds, self.bytes, self.basis) = (secondsAnEpoch, seconds, bytes, basis)
  }
}

/// Load of this process and of the machine.
package struct Usage: Sendable, Equatable {
  /// Processors that this process keeps busy, e.g. 1.9.
  package var processors: Double
  /// Bytes of this process in memory.
  package var resident: Int
  /// Of the whole machine, 0…1.
  package var machineLoad: Double
  package var memoryUsed: Int
  package var memoryTotal: Int

  package init(processors: Double, resident: Int, machineLoad: Double, memoryUsed: Int, memoryTotal: Int) {
    (self.processors, self.resident, self.machineLoad) = (processors, resident, machineLoad)
    (self.memoryUsed, self.memoryTotal) = (memoryUsed, memoryTotal)
  }
}

/// What a run took each validation slice for, at the end of its last epoch.
package struct RunPredictions: Sendable, Equatable {
  package struct Slice: Sendable, Equatable {
    package let utterance: String
    package let slice: Int
    /// Index of the run's emotions.
    package let truth: Int
    package let predicted: Int

    package init(utterance: String, slice: Int, truth: Int, predicted: Int) {
      (self.utterance, self.slice, self.truth, self.predicted) = (utterance, slice, truth, predicted)
    }
  }

  package let run: String
  package let epoch: Int
  package let slices: [Slice]

  package init(run: String, epoch: Int, slices: [Slice]) { (self.run, self.epoch, self.slices) = (run, epoch, slices) }
}
