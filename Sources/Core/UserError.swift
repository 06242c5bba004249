/// A mistake that a user can make and mend. Its description is one sentence that names the operands
/// ("03a01Fa.wav: 0 samples; an utterance needs at least 1"); `main` prints it and exits with `exitCode`.
///
/// Each module declares its own enum of cases carrying operands; the sentence is made nowhere else.
package protocol UserError: Error, CustomStringConvertible, Sendable {
  var exitCode: Int32 { get }
}

extension UserError {
  package var exitCode: Int32 { 1 }
}

/// Failures of files and memory that every module shares.
package enum CoreError: UserError, Equatable {
  case cannotRead(path: String, reason: String)
  case cannotWrite(path: String, reason: String)
  case malformedTensors(path: String, reason: String)
  case missingTensor(path: String, name: String)
  case outOfMemory(bytes: Int)

  package var description: String {
    switch self {
    case .cannotRead(let path, let reason): "\(path): cannot be read (\(reason))"
    case .cannotWrite(let path, let reason): "\(path): cannot be written (\(reason)); nothing that was there is changed"
    case .malformedTensors(let path, let reason): "\(path): not a usable safetensors file (\(reason))"
    case .missingTensor(let path, let name): "\(path): holds no tensor named “\(name.printable())”"
    case .outOfMemory(let bytes): "\(bytes) bytes of memory could not be had"
    }
  }
}
