import Foundation
import Kernels
import Testing

/// Kernels whose vectors have corners that no network of ours turns.
@Suite struct KernelTests {
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

  /// The gradient of an image beside plain sums of whole numbers: rows that no vector fills, maps that the kernel leaves, padding
  /// wider than the kernel.
  @Test(
    arguments: [8, 16], [(2, 0, 5, 21), (3, 1, 4, 16), (3, 2, 6, 37), (5, 0, 5, 5), (2, 3, 3, 18)])
  func anImagesGradientIsTheSumOfItsReaders(lanes: Int, shape: (kernel: Int, padding: Int, height: Int, width: Int)) {
    let (kernel, padding, height, width) = shape, outputs = 2 * lanes
    let rows = height + 2 * padding - kernel + 1, columns = width + 2 * padding - kernel + 1
    var numbers = Numbers()
    func some(_ count: Int) -> [Float] { (0..<count).map { _ in Float(numbers.next(17) - 8) } }
    let result = some(outputs * rows * columns), weights = some(outputs * 3 * kernel * kernel)
    var form = quaver_image_convolution(
      height: height, width: width, rows: rows, columns: columns, blocks: 2, lanes: lanes, kernel: kernel,
      padding: padding)
    var arranged = [Float](repeating: .nan, count: weights.count)
    quaver_image_weights(weights, &form, &arranged)
    var image = [Float](repeating: .nan, count: 3 * height * width)
    for y in 0..<height { quaver_image_gradient_row(result, arranged, &form, y, &image) }
    for place in image.indices {
      let (c, y, x) = (place / (height * width), place / width % height, place % width)
      var sum: Float = 0
      for o in 0..<outputs {
        for tap in 0..<kernel * kernel {
          let (row, column) = (y + padding - tap / kernel, x + padding - tap % kernel)
          guard (0..<rows).contains(row), (0..<columns).contains(column) else { continue }
          let pixel = (o / lanes * rows + row) * columns + column
          sum += result[pixel * lanes + o % lanes] * weights[(o * 3 + c) * kernel * kernel + tap]
        }
      }
      #expect(image[place] == sum, "\(c) \(y) \(x)")
    }
  }

  /// MI-FGSM's direction of a gradient whose scale may be beyond a float. No value is a denormal, which some threads flush.
  @Test(arguments: [1, 4 * Float.leastNormalMagnitude])
  func aVanishingGradientLeavesAFiniteDirection(size: Float) {
    var gradient = [Float](repeating: 0, count: 1003), direction = [Float](repeating: 0.5, count: 1003)
    gradient[7] = size
    gradient[900] = -size
    quaver_momentum(gradient, &direction, 1003, 2)
    for (place, value) in direction.enumerated() {
      let expected: Float = place == 7 ? 502.5 : place == 900 ? -500.5 : 1
      #expect(abs(value - expected) < 1e-3, "\(place)")
    }
  }

  /// Softmax beside one in double precision: scores that are equal, far apart and beyond what powers reach, keys that fill no register.
  @Test func attentionIsASoftmaxOfAnyScores() {
    let scores: [Float] = [0, 0, -3, 2.5, -50, 81, -200, 1e30, -1e30, 7, 7, -0.001, 88, -88, 1, 0.5, -20, 12, 3]
    for keys in [1, 3, 16, scores.count] {
      for row in 0..<scores.count {
        // One query of length 1 and keys that are scores; the values are one-hot, so that the weights come out.
        let key = (0..<keys).map { scores[(row + $0) % scores.count] }
        let weights = Self.attentionWeights(query: 1, keys: key)
        let most = key.max() ?? 0, powers = key.map { exp(Double($0) - Double(most)) }
        let sum = powers.reduce(0, +)
        for (weight, power) in zip(weights, powers) {
          #expect(abs(Double(weight) - power / sum) <= 3e-6 * (power / sum) * (1 + abs(log(power + 1e-30))) + 1e-30)
        }
      }
    }
    for (query, keys) in [(Float(1), [0, .nan, 1]), (.nan, [Float(0), 2])] {
      let weights = Self.attentionWeights(query: query, keys: keys)
      #expect(weights.count { $0.isNaN } == keys.count)
    }
  }

  private static func attentionWeights(query: Float, keys: [Float]) -> [Float] {
    let count = keys.count
    var form = quaver_attention(
      queries: 1, keys: count, key_width: 1, value_width: count, scale: 1, q_stride: 1, k_stride: 1, v_stride: count,
      out_stride: count)
    let values = (0..<count * count).map { Float($0 / count == $0 % count ? 1 : 0) }
    var scratch = [Float](repeating: .nan, count: quaver_attention_forward_scratch(&form))
    var weights = [Float](repeating: .nan, count: count)
    quaver_attention_forward(&form, [query], keys, values, nil, &weights, nil, &scratch)
    return weights
  }
}
