import Core
import NN

/// Mistakes that a user of attacks can make.
package enum AttackError: UserError, Equatable {
  case unknownAttack(name: String, known: [String])
  case unknownPreset(name: String, known: [String])
  case unreadableFraction(what: String, text: String)
  case outOfRange(what: String, value: String, range: String)
  case wrongNorm(attack: String, norm: String, known: [String])
  case patchTooLarge(patch: Int, side: Int)
  case badImage(id: Int)

  package var description: String {
    switch self {
    case .unknownAttack(let name, let known):
      "no attack is called “\(name.printable())”; there are \(known.joined(separator: ", "))"
    case .unknownPreset(let name, let known):
      "no preset is called “\(name.printable())”; there are \(known.joined(separator: ", "))"
    case .unreadableFraction(let what, let text):
      "\(what) is a fraction such as 8/255 or a decimal such as 0.03, not “\(text.printable())”"
    case .outOfRange(let what, let value, let range): "\(what) is \(value); it must be \(range)"
    case .wrongNorm(let attack, let norm, let known):
      "\(attack) does not perturb in \(norm), only in \(known.joined(separator: " or "))"
    case .patchTooLarge(let patch, let side): "a patch of \(patch) pixels does not fit into an image of \(side)"
    case .badImage(let id): "image \(id) has values that are not numbers in [0, 1]; it cannot be attacked"
    }
  }
}
