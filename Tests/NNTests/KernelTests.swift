import Kernels
import Testing

/// Kernels whose vectors have corners that no network of ours turns.
@Suite struct KernelTests {
  private struct Numbers {
    var state: UInt64 = 7
    mutating func next(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % count
    }
  }

  private struct Window {
    let kernel: Int, stride: Int, padding: Int, height: Int, width: Int
    var rows: Int { (height + 2 * padding - kernel) / stride + 1 }
    var columns: Int { (width + 2 * padding - kernel) / stride + 1 }

    func pool(_ x: [Float], rectify: Bool) -> (values: [Float], positions: [UInt8]) {
      var window = quaver_window(
        height: height, width: width, height_out: rows, width_out: columns, kernel: kernel, stride: stride,
        padding: padding)
      var values = [Float](repeating: -7, count: rows * columns)
      var positions = [UInt8](repeating: 254, count: rows * columns)
      quaver_max_pool(x, &values, &positions, &window, 1, rectify)
      return (values, positions)
    }

    /// The first of the greatest, row by row; NaN where there is one.
    func expected(_ x: [Float], _ row: Int, _ column: Int) -> (value: Float, position: Int) {
      var best: (value: Float, position: Int)?
      for ky in 0..<kernel {
        for kx in 0..<kernel {
          let (y, i) = (row * stride - padding + ky, column * stride - padding + kx)
          guard (0..<height).contains(y), (0..<width).contains(i) else { continue }
          let value = x[y * width + i]
          if value.isNaN { return (value, -1) }
          if best.map({ value > $0.value }) ?? true { best = (value, ky * kernel + kx) }
        }
      }
      return best ?? (0, -1)
    }
  }

  private func check(_ window: Window, _ choices: [Float], _ numbers: inout Numbers) -> Bool {
    let x = (0..<window.height * window.width).map { _ in choices[numbers.next(choices.count)] }
    for rectify in [false, true] {
      let (values, positions) = window.pool(x, rectify: rectify)
      for place in values.indices {
        let (value, position) = window.expected(x, place / window.columns, place % window.columns)
        if value.isNaN {
          guard values[place].isNaN else { return false }
          continue
        }
        let isOff = rectify && value <= 0
        guard values[place] == (isOff ? 0 : value) else { return false }
        guard Int(positions[place]) == (isOff ? Int(QUAVER_NO_POSITION) : position) else { return false }
      }
    }
    return true
  }

  /// Equal values, nothing but -inf, padding on all sides, maps wider than a strip of columns, and numbers that are none.
  @Test func plainMaximaAreTheFirstOfEachWindow() {
    var numbers = Numbers()
    for kernel in 1...15 {
      for stride in 1...4 {
        for padding in Set([0, kernel / 2]) {
          for width in [kernel, kernel + 7, 260, 531] {
            let window = Window(
              kernel: kernel, stride: stride, padding: padding, height: kernel + 2, width: width)
            for choices in [[-Float.infinity, -1, 0, 1], [-1, 0, 2, 3, .nan], [-.infinity]] {
              #expect(check(window, choices, &numbers), "\(window) of \(choices)")
            }
          }
        }
      }
    }
  }

  @Test func aPlaneGetsItsMargin() {
    for (height, width, padding) in [(1, 1, 1), (3, 5, 2), (7, 4, 3)] {
      let plane = (0..<height * width).map { Float($0 + 1) }
      let wide = width + 2 * padding
      var padded = [Float](repeating: -1, count: (height + 2 * padding) * wide)
      quaver_pad(plane, height, width, padding, &padded)
      for place in padded.indices {
        let (y, x) = (place / wide - padding, place % wide - padding)
        let isInside = (0..<height).contains(y) && (0..<width).contains(x)
        #expect(padded[place] == (isInside ? plane[y * width + x] : 0))
      }
    }
  }

  /// A wide kernel cut into parts of 3×3, beside the same taps one by one; and both ways back, which must be the ways' transposes.
  @Test(arguments: [(5, 2, 9), (5, 0, 9), (6, 1, 9), (4, 3, 9), (8, 7, 9), (9, 4, 1)]) func aFoldedConvolutionIsTheSame(
    kernel: Int, padding: Int, height: Int
  ) {
    var numbers = Numbers()
    func some(_ count: Int) -> [Float] { (0..<count).map { _ in Float(numbers.next(17) - 8) } }
    let (width, outputs, channels, parts) = (height + height / 4, 2, 16, (kernel + 2) / 3)
    let rows = height + 2 * padding - kernel + 1, columns = width + 2 * padding - kernel + 1
    var shape = quaver_fold_shape(height: height, width: width, rows: rows + 2, columns: columns + 2, lanes: channels)
    var taps = quaver_fold_taps(outputs: outputs, channels: channels, kernel: kernel, parts: parts)
    let map = some(height * width * channels), weights = some(outputs * channels * kernel * kernel)
    let plane = (rows + 2) * (columns + 2) * channels
    var folded = [Float](repeating: .nan, count: parts * parts * plane)
    for part in 0..<parts * parts {
      folded.withUnsafeMutableBufferPointer {
        quaver_fold_map(
          map, &shape, 3 * (part / parts) - padding, 3 * (part % parts) - padding,
          $0.baseAddress.map { $0 + part * plane })
      }
    }
    var arranged = [Float](repeating: .nan, count: 9 * parts * parts * outputs * channels)
    quaver_fold_weights(weights, &taps, &arranged)

    func plain(_ o: Int, _ row: Int, _ column: Int) -> Float {
      var sum: Float = 0
      for u in 0..<kernel {
        for v in 0..<kernel {
          let (y, x) = (row + u - padding, column + v - padding)
          guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
          for c in 0..<channels {
            sum += map[(y * width + x) * channels + c] * weights[((o * channels + c) * kernel + u) * kernel + v]
          }
        }
      }
      return sum
    }
    func cut(_ o: Int, _ row: Int, _ column: Int) -> Float {
      var sum: Float = 0
      for part in 0..<parts * parts {
        for i in 0..<9 {
          let pixel = part * plane + ((row + i / 3) * (columns + 2) + column + i % 3) * channels
          for c in 0..<channels {
            sum += folded[pixel + c] * arranged[((o * parts * parts + part) * channels + c) * 9 + i]
          }
        }
      }
      return sum
    }
    for o in 0..<outputs {
      for row in 0..<rows {
        for column in 0..<columns { #expect(plain(o, row, column) == cut(o, row, column), "\(o) \(row) \(column)") }
      }
    }
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let other = some(folded.count)
    var back = [Float](repeating: .nan, count: map.count)
    quaver_unfold_map(other, plane, parts, padding, &shape, &back)
    #expect(product(folded, other) == product(map, back))
    let taken = some(arranged.count)
    var gathered = [Float](repeating: .nan, count: weights.count)
    quaver_unfold_weights(taken, &taps, &gathered)
    #expect(product(arranged, taken) == product(weights, gathered))
  }
}
