import Cairo
import Core
import Foundation

/// What all drawing goes through: a cairo context in points, over pixels or SVG.
package final class Pen {
  package enum Anchor { case start, middle, end }

  private let context: OpaquePointer
  private let surface: OpaquePointer
  private let bytes: ByteSink?

  private static let font = "DejaVu Sans"
  /// Pixels that cairo can hold a side.
  private static let limit = 30_000

  /// A canvas of pixels.
  ///
  /// - Parameter scale: pixels a point.
  /// - Throws: `ExportError`.
  package static func pixels(_ size: Size, scale: Double) throws -> Pen {
    let width = Int((size.width * scale).rounded(.up)), height = Int((size.height * scale).rounded(.up))
    guard (1...limit).contains(width), (1...limit).contains(height) else {
      throw ExportError.tooLarge(width: width, height: height)
    }
    let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height))
    let pen = try Pen(surface, bytes: nil)
    cairo_scale(pen.context, scale, scale)
    return pen
  }

  /// A canvas of curves; text becomes curves too, so that it looks the same everywhere.
  package static func vector(_ size: Size) throws -> Pen {
    let bytes = ByteSink()
    let surface = cairo_svg_surface_create_for_stream(
      ByteSink.write, Unmanaged.passUnretained(bytes).toOpaque(), size.width, size.height)
    return try Pen(surface, bytes: bytes)
  }

  private init(_ surface: OpaquePointer?, bytes: ByteSink?) throws {
    guard let surface, let context = cairo_create(surface) else { throw ExportError.cannotDraw(reason: "no memory") }
    (self.surface, self.context, self.bytes) = (surface, context, bytes)
    try check()
    let options = cairo_font_options_create()
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
    cairo_set_font_options(context, options)
    cairo_font_options_destroy(options)
  }

  deinit {
    cairo_destroy(context)
    cairo_surface_destroy(surface)
  }

  private func check() throws {
    let status = cairo_status(context)
    guard status == CAIRO_STATUS_SUCCESS else {
      throw ExportError.cannotDraw(reason: String(cString: cairo_status_to_string(status)))
    }
  }

  /// The finished picture as a file's bytes: PNG of a canvas of pixels, SVG of one of curves.
  package func finish() throws -> Data {
    try check()
    guard let bytes else {
      let png = ByteSink()
      let status = cairo_surface_write_to_png_stream(surface, ByteSink.write, Unmanaged.passUnretained(png).toOpaque())
      guard status == CAIRO_STATUS_SUCCESS else {
        throw ExportError.cannotDraw(reason: String(cString: cairo_status_to_string(status)))
      }
      return png.data
    }
    cairo_surface_finish(surface)
    return bytes.data
  }

  /// What has been drawn on a canvas of pixels, 0x00RRGGBB, the top row first; empty for one of curves.
  package func raster() -> (columns: Int, pixels: [UInt32]) {
    cairo_surface_flush(surface)
    guard let data = cairo_image_surface_get_data(surface) else { return (0, []) }
    let columns = Int(cairo_image_surface_get_width(surface)), rows = Int(cairo_image_surface_get_height(surface))
    let stride = Int(cairo_image_surface_get_stride(surface))
    var pixels: [UInt32] = []
    for row in 0..<rows {
      for column in 0..<columns {
        let word = UnsafeRawPointer(data).load(fromByteOffset: row * stride + column * 4, as: UInt32.self)
        pixels.append(word & 0xFF_FFFF)
      }
    }
    return (columns, pixels)
  }

  // MARK: strokes and fills

  private func use(_ ink: Ink) { cairo_set_source_rgba(context, ink.red, ink.green, ink.blue, ink.alpha) }

  /// - Parameter dash: lengths of ink and gap; empty for a whole line.
  package func line(_ points: [Point], _ ink: Ink, width: Double = 1, dash: [Double] = []) {
    guard let first = points.first else { return }
    cairo_move_to(context, first.x, first.y)
    for point in points.dropFirst() { cairo_line_to(context, point.x, point.y) }
    use(ink)
    cairo_set_line_width(context, width)
    cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
    cairo_set_dash(context, dash, Int32(dash.count), 0)
    cairo_stroke(context)
  }

  package func polygon(_ points: [Point], _ ink: Ink) {
    guard let first = points.first else { return }
    cairo_move_to(context, first.x, first.y)
    for point in points.dropFirst() { cairo_line_to(context, point.x, point.y) }
    cairo_close_path(context)
    use(ink)
    cairo_fill(context)
  }

  /// Colours the whole canvas.
  package func paint(_ ink: Ink) {
    use(ink)
    cairo_paint(context)
  }

  package func fill(_ box: Box, _ ink: Ink) {
    cairo_rectangle(context, box.x, box.y, box.width, box.height)
    use(ink)
    cairo_fill(context)
  }

  package func frame(_ box: Box, _ ink: Ink, width: Double = 1) {
    cairo_rectangle(context, box.x, box.y, box.width, box.height)
    use(ink)
    cairo_set_line_width(context, width)
    cairo_set_dash(context, nil, 0, 0)
    cairo_stroke(context)
  }

  package func disc(_ centre: Point, radius: Double, _ ink: Ink) {
    cairo_new_sub_path(context)
    cairo_arc(context, centre.x, centre.y, radius, 0, 2 * Double.pi)
    use(ink)
    cairo_fill(context)
  }

  /// Draws with everything outside `box` cut off.
  package func clipped(to box: Box, _ body: () -> Void) {
    cairo_save(context)
    cairo_rectangle(context, box.x, box.y, box.width, box.height)
    cairo_clip(context)
    body()
    cairo_restore(context)
  }

  /// A picture of whole cells.
  ///
  /// - Parameters:
  ///   - pixels: 0xAARRGGBB with the colours premultiplied by alpha, row-major, the top row first.
  ///   - smooth: blends neighbouring cells where the picture is enlarged.
  package func image(_ pixels: [UInt32], columns: Int, in box: Box, smooth: Bool = false) {
    guard columns > 0, !pixels.isEmpty else { return }
    let rows = pixels.count / columns
    var pixels = pixels
    pixels.withUnsafeMutableBytes { raw in
      let picture = cairo_image_surface_create_for_data(
        raw.bindMemory(to: UInt8.self).baseAddress, CAIRO_FORMAT_ARGB32, Int32(columns), Int32(rows),
        Int32(columns * 4))
      cairo_save(context)
      cairo_translate(context, box.x, box.y)
      cairo_scale(context, box.width / Double(columns), box.height / Double(rows))
      cairo_set_source_surface(context, picture, 0, 0)
      let pattern = cairo_get_source(context)
      cairo_pattern_set_filter(pattern, smooth ? CAIRO_FILTER_BILINEAR : CAIRO_FILTER_NEAREST)
      cairo_pattern_set_extend(pattern, CAIRO_EXTEND_PAD)
      cairo_rectangle(context, 0, 0, Double(columns), Double(rows))
      cairo_fill(context)
      cairo_restore(context)
      // An SVG surface keeps a copy of the pixels here, before they go.
      cairo_surface_finish(picture)
      cairo_surface_destroy(picture)
    }
  }

  // MARK: text

  private func choose(_ size: Double, bold: Bool) {
    cairo_select_font_face(
      context, Self.font, CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
    cairo_set_font_size(context, size)
  }

  package func width(of text: String, size: Double, bold: Bool = false) -> Double {
    choose(size, bold: bold)
    var extents = cairo_text_extents_t()
    cairo_text_extents(context, text, &extents)
    return extents.x_advance
  }

  /// As much of a text's beginning as fits, with an ellipsis where that is not all.
  package func cut(_ text: String, to room: Double, size: Double, bold: Bool = false) -> String {
    guard width(of: text, size: size, bold: bold) > room else { return text }
    var head = text.dropLast()
    while !head.isEmpty, width(of: "\(head)…", size: size, bold: bold) > room { head = head.dropLast() }
    return "\(head)…"
  }

  /// One line of text whose middle height (of the lower-case letters and digits) is at `point`.
  ///
  /// - Parameter upward: turned by a quarter, to be read from below.
  package func text(
    _ text: String, at point: Point, size: Double, _ ink: Ink, anchor: Anchor = .start, bold: Bool = false,
    upward: Bool = false
  ) {
    let width = width(of: text, size: size, bold: bold)
    cairo_save(context)
    cairo_translate(context, point.x, point.y)
    if upward { cairo_rotate(context, -Double.pi / 2) }
    let x: Double =
      switch anchor {
      case .start: 0
      case .middle: -width / 2
      case .end: -width
      }
    cairo_move_to(context, x, size * 0.36)
    use(ink)
    cairo_show_text(context, text)
    cairo_restore(context)
  }

  /// One letter of a screen, in a font whose letters are all equally wide; its base line begins at `point`.
  package func letter(_ text: String, at point: Point, size: Double, _ ink: Ink, bold: Bool = false) {
    cairo_select_font_face(
      context, Self.font + " Mono", CAIRO_FONT_SLANT_NORMAL,
      bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
    cairo_set_font_size(context, size)
    cairo_move_to(context, point.x, point.y)
    use(ink)
    cairo_show_text(context, text)
  }

  /// One glyph with the middle of its ink at `point`.
  package func glyph(_ glyph: String, at point: Point, size: Double, _ ink: Ink) {
    choose(size, bold: false)
    var extents = cairo_text_extents_t()
    cairo_text_extents(context, glyph, &extents)
    cairo_move_to(
      context, point.x - extents.x_bearing - extents.width / 2, point.y - extents.y_bearing - extents.height / 2)
    use(ink)
    cairo_show_text(context, glyph)
  }
}

/// Collects what cairo writes.
private final class ByteSink {
  private(set) var data = Data()

  static let write: cairo_write_func_t = { closure, bytes, count in
    guard let closure, let bytes else { return CAIRO_STATUS_WRITE_ERROR }
    Unmanaged<ByteSink>.fromOpaque(closure).takeUnretainedValue().data.append(bytes, count: Int(count))
    return CAIRO_STATUS_SUCCESS
  }
}
