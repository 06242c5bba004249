import Attacks
import Foundation

/// Reasons not to believe attack reports.
enum AttackDoubts {
  static func alone(_ report: AttackReport, _ chunks: [AttackChunk]) -> [String] { [] }
  static func together(_ reports: [AttackReport]) -> [AttackReport] { reports }
}
