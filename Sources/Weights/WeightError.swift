import Core

/// What can be wrong with a file of weights, or with how it fits a network.
package enum WeightError: UserError, Equatable {
  case unknownFormat(path: String)
  case pickle(path: String, PickleFault)
  case archive(path: String, ArchiveFault)
  case oldFormat(path: String, reason: String)
  case names(path: String, reason: String)
  case noTensors(path: String)
  case missingTensor(path: String, name: String)
  case missingStorage(path: String, tensor: String, reason: String)
  case ambiguousPrefix(path: String, prefixes: [String])
  case unknownPrefix(path: String, prefix: String)
  case notFinite(path: String, tensor: String, found: NonFinite)
  case nothingFits(path: String, wanted: Int, example: String)
  case halfMatch(path: String, matched: Int, wanted: Int, reasons: [String])

  package var description: String {
    switch self {
    case .unknownFormat(let path): "\(path): neither safetensors nor a file that torch.save wrote"
    case .pickle(let path, let fault): "\(path): \(fault)"
    case .archive(let path, let fault): "\(path): \(fault)"
    case .oldFormat(let path, let reason): "\(path): not a usable PyTorch file in the format before 1.6 (\(reason))"
    case .names(let path, let reason): "\(path): its tensors cannot be named (\(reason))"
    case .noTensors(let path): "\(path): holds no tensors"
    case .missingTensor(let path, let name): "\(path): holds no tensor named “\(name.printable())”"
    case .missingStorage(let path, let tensor, let reason):
      "\(path): the data of tensor “\(tensor.printable())” cannot be read (\(reason))"
    case .ambiguousPrefix(let path, let prefixes):
      "\(path): holds these weights \(prefixes.count) times, under \(Self.list(prefixes)); say which to take"
    case .unknownPrefix(let path, let prefix): "\(path): no tensor's name begins with “\(prefix.printable())”"
    case .notFinite(let path, let tensor, let found):
      "\(path): the weights for “\(tensor)” are not all numbers (\(found)); nothing is imported"
    case .nothingFits(let path, let wanted, let example):
      "\(path): none of the network's \(wanted) tensors is in it (it holds “\(example.printable())”, for one)"
    case .halfMatch(let path, let matched, let wanted, let reasons):
      "\(path): fits only in part, \(matched) of \(wanted) tensors (\(reasons.joined(separator: "; "))); "
        + "nothing is loaded unless a partial match is asked for"
    }
  }

  private static func list(_ prefixes: [String]) -> String {
    prefixes.prefix(4).map { $0.isEmpty ? "no prefix" : "“\($0.printable())”" }.joined(separator: " and ")
      + (prefixes.count > 4 ? " and others" : "")
  }
}

/// Why a zip archive is refused as a file of weights.
package enum ArchiveFault: Error, Equatable, CustomStringConvertible {
  case noDirectory
  case truncated(what: String)
  case compressed(entry: String)
  case encrypted(entry: String)
  case overlap(entry: String)
  case duplicate(entry: String)
  case hostileName(entry: String)
  case disagreement(entry: String)
  case tooMany(entries: UInt64)
  case severalDisks
  case checksum(entry: String)
  case noPickle
  case program
  case bigEndian
  case longPickle(bytes: Int)

  package var description: String {
    switch self {
    case .noDirectory: "begins like a zip archive but has no directory at its end; it may be cut short"
    case .truncated(let what): "the zip archive's \(what) lies outside the file"
    case .compressed(let entry): "“\(entry.printable())” in the zip archive is compressed, which torch.save never does"
    case .encrypted(let entry): "“\(entry.printable())” in the zip archive is encrypted"
    case .overlap(let entry): "“\(entry.printable())” overlaps another entry of the zip archive"
    case .duplicate(let entry): "the zip archive holds two entries named “\(entry.printable())”"
    case .hostileName(let entry): "the zip archive holds “\(entry.printable())”, a name that torch.save never writes"
    case .disagreement(let entry):
      "the zip archive's directory and its entry “\(entry.printable())” do not agree"
    case .tooMany(let entries): "the zip archive claims \(entries) entries"
    case .severalDisks: "the zip archive is one part of several"
    case .checksum(let entry): "“\(entry.printable())” in the zip archive is damaged: its checksum does not fit"
    case .noPickle: "a zip archive without the data.pkl that torch.save writes"
    case .program: "a TorchScript program, which holds code; save the network's state_dict() instead"
    case .bigEndian: "was written on a big-endian machine, which is not read"
    case .longPickle(let bytes): "its pickle has \(bytes) bytes, which no file of weights needs"
    }
  }
}
