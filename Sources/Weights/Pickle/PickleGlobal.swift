import Core

/// The names that a pickle of weights may ask for. None is looked up or run: each stands for a construction that the
/// machine makes itself, as data. Everything that is not in these tables is refused by name.
enum PickleGlobal: Equatable {
  case orderedDictionary, set, size, device, encode
  /// `torch._utils._rebuild_tensor`, `_v2`, `_v3`.
  case rebuildTensor(version: Int)
  case rebuildParameter
  /// A storage class; nil is an untyped one.
  case storage(SafeTensors.ElementType?)
  /// An element type as a value, `torch.float32`; nil is one that Quaver cannot hold.
  case elementType(SafeTensors.ElementType?)

  /// - Parameters:
  ///   - module: as in the pickle ("torch._utils", "collections" …).
  ///   - name: as in the pickle.
  init?(module: String, name: String) {
    if let plain = Self.plain["\(module).\(name)"] {
      self = plain
    } else if module == "torch" || module == "torch.cuda", let type = Self.storages[name] {
      self = .storage(type)
    } else if module == "torch", let type = Self.elementTypes[name] {
      self = .elementType(type)
    } else if module == "torch", Self.otherElementTypes.contains(name) {
      self = .elementType(nil)
    } else {
      return nil
    }
  }

  /// Python 2 called its builtins `__builtin__`.
  private static let plain: [String: PickleGlobal] = [
    "collections.OrderedDict": .orderedDictionary,
    "builtins.set": .set, "__builtin__.set": .set,
    "torch.Size": .size, "torch.device": .device, "_codecs.encode": .encode,
    "torch._utils._rebuild_tensor": .rebuildTensor(version: 1),
    "torch._utils._rebuild_tensor_v2": .rebuildTensor(version: 2),
    "torch._utils._rebuild_tensor_v3": .rebuildTensor(version: 3),
    "torch._utils._rebuild_parameter": .rebuildParameter,
    "torch._utils._rebuild_parameter_with_state": .rebuildParameter,
    "torch.storage.UntypedStorage": .storage(nil), "torch.storage._UntypedStorage": .storage(nil),
  ]

  private static let storages: [String: SafeTensors.ElementType] = [
    "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16,
    "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8,
    "BoolStorage": .bool,
  ]

  private static let elementTypes: [String: SafeTensors.ElementType] = [
    "float64": .f64, "float32": .f32, "float16": .f16, "bfloat16": .bf16,
    "int64": .i64, "int32": .i32, "int16": .i16, "int8": .i8, "uint8": .u8, "bool": .bool,
    "uint64": .u64, "uint32": .u32, "uint16": .u16,
  ]

  private static let otherElementTypes: Set<String> = [
    "complex32", "complex64", "complex128", "quint8", "qint8", "qint32",
    "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu",
  ]
}
