import Core
import Kernels
import OneDNN

/// An image with its zeros around it, for the sake of a kernel that cannot pad: oneDNN's AVX2 kernel takes a window wider
/// than 7 with a stride on an unpadded image alone (jit_avx2_conv_kernel_f32), and a matrix product in its place takes twice
/// as long.
@Engine final class Margin {
  let primitive: ConvolutionPrimitive
  private let image: Buffer
  private let planes: Int, height: Int, width: Int, padding: Int

  /// Nil where a direct kernel pads by itself, and where there is none without padding either.
  init?(
    _ layer: Convolution, _ shape: quaver_convolution_shape, _ site: Site, instead unpadded: ConvolutionPrimitive,
    _ destination: Layout?, _ phase: Site.Phase
  ) {
    guard layer.padding > 0, layer.groups == 1, shape.channels_in <= 4, unpadded.kernel.contains("gemm"),
      unpadded.source == .plain
    else { return nil }
    var wide = shape
    wide.height_in += 2 * Int32(layer.padding)
    wide.width_in += 2 * Int32(layer.padding)
    (wide.padding_height, wide.padding_width) = (0, 0)
    let pass = phase == .forward ? QUAVER_FORWARD : QUAVER_BACKWARD_WEIGHTS
    guard
      let primitive = ConvolutionPrimitive(
        wide, pass, QUAVER_DIRECT, bias: layer.bias, source: .plain, destination: destination),
      primitive.kernel.hasPrefix("jit")
    else { return nil }
    self.primitive = primitive
    (planes, height, width) = (site.batch * Int(shape.channels_in), Int(shape.height_in), Int(shape.width_in))
    padding = layer.padding
    image = site.scratch(planes * Int(wide.height_in) * Int(wide.width_in), phase)
  }

  func filled(from map: UnsafePointer<Float>) -> UnsafeMutablePointer<Float> {
    let to = image.pointer, (height, width, padding) = (height, width, padding)
    Parallel.forEach(planes) { range in
      for plane in range {
        quaver_pad(
          map + plane * height * width, height, width, padding,
          to + plane * (height + 2 * padding) * (width + 2 * padding))
      }
    }
    return to
  }
}
