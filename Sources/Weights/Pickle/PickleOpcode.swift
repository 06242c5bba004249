/// The opcodes of Python's pickle (protocols 0 to 5), named as Python's `pickletools` names them. Knowing all of them
/// lets a refusal name what it refuses.
enum PickleOpcode: UInt8 {
  case mark = 0x28, stop = 0x2E, pop = 0x30, popMark = 0x31, dup = 0x32
  case none = 0x4E, newtrue = 0x88, newfalse = 0x89
  case binint = 0x4A, binint1 = 0x4B, binint2 = 0x4D, long1 = 0x8A, long4 = 0x8B, binfloat = 0x47
  case shortBinunicode = 0x8C, binunicode = 0x58, binunicode8 = 0x8D
  case shortBinstring = 0x55, binstring = 0x54, shortBinbytes = 0x43, binbytes = 0x42, binbytes8 = 0x8E
  case emptyTuple = 0x29, tuple = 0x74, tuple1 = 0x85, tuple2 = 0x86, tuple3 = 0x87
  case emptyList = 0x5D, append = 0x61, appends = 0x65
  case emptyDict = 0x7D, setitem = 0x73, setitems = 0x75
  case emptySet = 0x8F, additems = 0x90
  case global = 0x63, stackGlobal = 0x93, reduce = 0x52, build = 0x62, binpersid = 0x51
  case binput = 0x71, longBinput = 0x72, memoize = 0x94, binget = 0x68, longBinget = 0x6A
  case proto = 0x80, frame = 0x95

  // What follows is never run.
  case int = 0x49, long = 0x4C, string = 0x53, unicode = 0x56, float = 0x46, list = 0x6C, dict = 0x64
  case get = 0x67, put = 0x70, persid = 0x50, inst = 0x69, obj = 0x6F, newobj = 0x81, newobjEx = 0x92
  case ext1 = 0x82, ext2 = 0x83, ext4 = 0x84, frozenset = 0x91
  case bytearray8 = 0x96, nextBuffer = 0x97, readonlyBuffer = 0x98

  /// `BINUNICODE8` for `binunicode8`, as Python's documentation writes it.
  var name: String {
    var text = ""
    for character in "\(self)" {
      if character.isUppercase { text.append("_") }
      text.append(character.uppercased())
    }
    return text
  }
}
