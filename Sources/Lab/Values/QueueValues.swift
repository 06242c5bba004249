/// Runs that wait for their turn in this process, in order.
package struct RunQueue: Codable, Sendable, Equatable {
  package enum Work: Codable, Sendable, Equatable {
    case train(Job)
    case resume(run: String)
    case attack(AttackWish)
  }

  package struct Entry: Codable, Sendable, Equatable, Identifiable {
    package let id: Int
    package let work: Work

    /// What waits, in a few words.
    package var label: String {
      switch work {
      case .train(let job):
        "train \(job.model) on \(job.corpus), \(job.transform), seed \(job.seed), \(job.epochs) epochs"
      case .resume(let run): "resume \(run)"
      case .attack(let wish): wish.label
      }
    }
  }

  package private(set) var entries: [Entry] = []
  /// What an earlier session left waits until the user lets it go on.
  package var isHeld = false
  private var nextID = 1

  package init() {}

  package mutating func append(_ work: Work) {
    entries.append(Entry(id: nextID, work: work))
    nextID += 1
  }

  package mutating func takeFirst() -> Entry? { isHeld || entries.isEmpty ? nil : entries.removeFirst() }

  package mutating func obey(_ wish: QueueWish) {
    switch wish {
    case .remove(let id): entries.removeAll { $0.id == id }
    case .advance(let id):
      if let index = entries.firstIndex(where: { $0.id == id }), index > 0 { entries.swapAt(index, index - 1) }
    case .proceed: isHeld = false
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
