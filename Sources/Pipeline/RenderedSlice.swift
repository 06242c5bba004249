/// The steps of the pipeline that the workbench can show, in order.
package enum RenderStage: String, Sendable, CaseIterable {
  /// The transform's own values, 224×229.
  case decibels
  /// Scaled to [0, 1] by lo and hi, 224×229.
  case normalised
  /// The 224×224 jet image that the network sees.
  case network
  /// The same after SpecAugment.
  case augmented
}

/// One slice at one stage, with its axes. Row-major, row 0 the lowest bin.
package struct RenderedSlice: Sendable, Equatable {
  package enum Content: Sendable, Equatable {
    /// One value a cell, its unit, and the range that a colour map spans.
    case scalar([Float], unit: String, range: ClosedRange<Float>)
    /// Red, green and blue in [0, 1], three values a cell.
    case rgb([Float])
  }

  package let rows: Int
  package let columns: Int
  package let content: Content
  /// Seconds from the utterance's start.
  package let time: ClosedRange<Double>
  package let rowValues: [Double]
  package let rowUnit: String
  /// Slices of the utterance at this stride.
  package let sliceCount: Int

  /// From values that are there already.
  package init(
    rows: Int, columns: Int, content: Content, time: ClosedRange<Double>, rowValues: [Double], rowUnit: String,
    sliceCount: Int
  ) {
    (self.rows, self.columns, self.content, self.time) = (rows, columns, content, time)
    (self.rowValues, self.rowUnit, self.sliceCount) = (rowValues, rowUnit, sliceCount)
  }

  /// - Parameters:
  ///   - samples: the whole utterance at 16 kHz.
  ///   - slice: taken to the nearest that exists.
  ///   - scaling: the corpus constants; only `decibels` ignores them.
  ///   - augmentSeed: seed of the masks; the epoch is 0.
  /// - Throws: `CoreError.outOfMemory`.
  package init(
    samples: [Float], slice: Int, slicer: Slicer, transform: any SpectralTransform, stage: RenderStage,
    scaling: Scaling, augmentSeed: UInt64 = 0
  ) throws {
    sliceCount = slicer.count(samples: samples.count)
    let index = min(max(0, slice), sliceCount - 1)
    let matrix = try transform.matrix(of: slicer.cut(index, of: samples))
    let start = Double(slicer.start(index)) / Double(Audio.pipelineRate)
    time = start...(start + 1)
    (rowValues, rowUnit, rows) = (transform.rowValues, transform.rowUnit, Geometry.rows)
    switch stage {
    case .decibels:
      columns = Geometry.frames
      let extremes = Extremes(matrix)
      content = .scalar(matrix, unit: transform.valueUnit, range: extremes.smallest...extremes.largest)
    case .normalised:
      columns = Geometry.frames
      content = .scalar(scaling.normalised(matrix), unit: "", range: 0...1)
    case .network, .augmented:
      columns = Geometry.side
      let image = IndexImage.make(matrix, scaling: scaling)
      let policy = stage == .augmented ? SpecAugment(seed: augmentSeed) : nil
      content = .rgb(Self.interleaved(image, policy, slice: index))
    }
  }

  /// Seconds of an utterance that are shown as a whole at most.
  private static let longest = 60

  /// A whole utterance in dB or normalised: its seconds side by side, each transformed alone, as a network would see it;
  /// so the edges between them are those of slices. Only its first minute.
  ///
  /// - Throws: `CoreError.outOfMemory`.
  package init(
    wholeOf samples: [Float], slicer: Slicer, transform: any SpectralTransform, stage: RenderStage, scaling: Scaling
  ) throws {
    precondition(stage == .decibels || stage == .normalised, "a network sees slices, never a whole utterance")
    let seconds = max(1, min(Self.longest, (samples.count + Slicer.length - 1) / Slicer.length))
    let (height, width) = (Geometry.rows, Geometry.frames)
    let worker = try transform.makeWorker()
    var matrix = [Float](repeating: 0, count: height * width * seconds)
    var part = [Float](repeating: 0, count: height * width)
    for second in 0..<seconds {
      let first = second * Slicer.length
      var cut = Array(samples[min(samples.count, first)..<min(samples.count, first + Slicer.length)])
      cut += [Float](repeating: 0, count: Slicer.length - cut.count)
      part.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { worker.transform(cut, into: base) }
      }
      for row in 0..<height {
        let target = row * width * seconds + second * width
        matrix.replaceSubrange(target..<(target + width), with: part[(row * width)..<((row + 1) * width)])
      }
    }
    let extremes = Extremes(smallest: matrix.min() ?? 0, largest: matrix.max() ?? 0)
    let content: Content =
      stage == .decibels
      ? .scalar(matrix, unit: transform.valueUnit, range: extremes.smallest...extremes.largest)
      : .scalar(scaling.normalised(matrix), unit: "", range: 0...1)
    self.init(
      rows: height, columns: width * seconds, content: content, time: 0...Double(seconds),
      rowValues: transform.rowValues, rowUnit: transform.rowUnit, sliceCount: slicer.count(samples: samples.count))
  }

  private static func interleaved(_ image: [UInt8], _ policy: SpecAugment?, slice: Int) -> [Float] {
    let pixels = Geometry.pixels
    var planes = [Float](repeating: 0, count: 3 * pixels)
    if let policy {
      policy.apply(to: image, colormap: .jet, epoch: 0, slice: slice, into: &planes)
    } else {
      Colormap.jet.expand(image, into: &planes)
    }
    return (0..<pixels).flatMap { [planes[$0], planes[pixels + $0], planes[2 * pixels + $0]] }
  }
}
