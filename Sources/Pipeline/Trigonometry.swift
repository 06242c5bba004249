import Foundation

/// cos(2πx) of a fraction of a turn.
func cosine(_ turns: Double) -> Double { cos(2 * .pi * turns) }
/// sin(2πx) of a fraction of a turn.
func sine(_ turns: Double) -> Double { sin(2 * .pi * turns) }
