internal import Glibc

extension TreeBuilder {
  /// Unpacks one file of an archive, its holes left as holes, and closes it with its attributes.
  ///
  /// - Parameter progress: Called after each piece that was written; the reader's input says how far it is.
  /// - Throws: `Fault`: as `admit(bytes:)` and `file(_:_:)`; the reader's `truncated()` when the archive ends within the file.
  package func unpack(_ member: TarMember, from reader: TarReader, _ attributes: Attributes, progress: () -> Void = {}) throws {
    try admit(bytes: member.size)
    let file = try file(member.name, attributes)
    var isClosed = false
    defer { if !isClosed { Glibc.close(file) } }
    for extent in member.extents ?? [TarMember.Extent(offset: 0, length: member.stored)] {
      var offset = extent.offset
      let isWhole = try reader.input.pass(extent.length) { part in
        try write(part, to: file, at: offset, member.name)
        offset += Int64(part.count)
        progress()
      }
      guard isWhole else { throw reader.truncated() }
    }
    if member.extents != nil { try extend(file, to: member.size, member.name) }
    isClosed = true
    try close(file, member.name, attributes)
  }
}
