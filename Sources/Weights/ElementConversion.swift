import Core

/// Copies of strided tensors into row-major memory.
enum ElementConversion {
  /// The tensor as 32-bit floats; integers and 64-bit floats are rounded to nearest, booleans become 0 and 1.
  ///
  /// - Parameters:
  ///   - block: the elements that `layout` views, little-endian, at any alignment.
  ///   - output: `layout.count` floats.
  static func floats(
    _ block: UnsafeRawBufferPointer, type: SafeTensors.ElementType, layout: StridedLayout,
    into output: UnsafeMutableBufferPointer<Float>
  ) {
    switch type {
    case .f64: convert(block, layout, output) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    case .f32: convert(block, layout, output) { (bits: UInt32) in Float(bitPattern: bits) }
    case .f16: convert(block, layout, output) { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
    case .bf16: convert(block, layout, output) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .i64: convert(block, layout, output) { (value: Int64) in Float(value) }
    case .i32: convert(block, layout, output) { (value: Int32) in Float(value) }
    case .i16: convert(block, layout, output) { (value: Int16) in Float(value) }
    case .i8: convert(block, layout, output) { (value: Int8) in Float(value) }
    case .u64: convert(block, layout, output) { (value: UInt64) in Float(value) }
    case .u32: convert(block, layout, output) { (value: UInt32) in Float(value) }
    case .u16: convert(block, layout, output) { (value: UInt16) in Float(value) }
    case .u8: convert(block, layout, output) { (value: UInt8) in Float(value) }
    case .bool: convert(block, layout, output) { (value: UInt8) in value == 0 ? 0 : 1 }
    }
  }

  /// The tensor's elements in row-major order, unchanged.
  ///
  /// - Parameter output: `layout.count` times `type.bytes` bytes.
  static func bytes(
    _ block: UnsafeRawBufferPointer, type: SafeTensors.ElementType, layout: StridedLayout,
    into output: UnsafeMutableRawBufferPointer
  ) {
    let size = type.bytes
    layout.forEachRun { position, start, length, stride in
      if stride == 1 {
        let run = UnsafeRawBufferPointer(rebasing: block[(start * size)..<((start + length) * size)])
        UnsafeMutableRawBufferPointer(rebasing: output[(position * size)...]).copyMemory(from: run)
        return
      }
      for i in 0..<length {
        let from = (start + i * stride) * size
        let element = UnsafeRawBufferPointer(rebasing: block[from..<(from + size)])
        UnsafeMutableRawBufferPointer(rebasing: output[((position + i) * size)...]).copyMemory(from: element)
      }
    }
  }

  static func nonFinite(_ values: UnsafeMutableBufferPointer<Float>) -> NonFinite {
    var found = NonFinite()
    for value in values where !value.isFinite {
      if value.isNaN { found.nan += 1 } else { found.infinite += 1 }
    }
    return found
  }

  @inline(__always)
  private static func convert<T: FixedWidthInteger & BitwiseCopyable>(
    _ block: UnsafeRawBufferPointer, _ layout: StridedLayout, _ output: UnsafeMutableBufferPointer<Float>,
    _ value: (T) -> Float
  ) {
    let size = MemoryLayout<T>.size
    layout.forEachRun { position, start, length, stride in
      // Both ends are checked here, once a run; the loop is free of checks.
      precondition(start >= 0 && (start + (length - 1) * stride + 1) * size <= block.count, "a run outside its block")
      precondition(position + length <= output.count, "a run outside its output")
      for i in 0..<length {
        let bits = block.loadUnaligned(fromByteOffset: (start + i * stride) * size, as: T.self)
        output[position + i] = value(T(littleEndian: bits))
      }
    }
  }
}
