import Core

/// Why a pickle is refused. Offsets count bytes from the start of the pickle.
package enum PickleFault: Error, Equatable, CustomStringConvertible {
  case truncated(offset: Int)
  case refusedOpcode(name: String, offset: Int)
  case unknownOpcode(byte: UInt8, offset: Int)
  case refusedGlobal(name: String, offset: Int)
  case misused(opcode: String, offset: Int, reason: String)
  case limit(what: String, offset: Int)
  case text(offset: Int)

  package var description: String {
    switch self {
    case .truncated(let offset): "its pickle ends too early, at byte \(offset)"
    case .refusedOpcode(let name, let offset):
      "its pickle holds \(name) at byte \(offset), which state dictionaries do not need and Quaver never runs"
    case .unknownOpcode(let byte, let offset):
      "its pickle holds the unknown opcode 0x\(String(byte, radix: 16)) at byte \(offset)"
    case .refusedGlobal(let name, let offset):
      "its pickle asks for “\(name.printable())” at byte \(offset), which is neither a tensor nor a plain container; "
        + "save the network's state_dict() alone"
    case .misused(let opcode, let offset, let reason): "its pickle has \(opcode) at byte \(offset) with \(reason)"
    case .limit(let what, let offset): "its pickle holds \(what) at byte \(offset), which no file of weights needs"
    case .text(let offset): "its pickle holds text that is not UTF-8 at byte \(offset)"
    }
  }
}
