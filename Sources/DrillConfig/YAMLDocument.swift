import CYaml

/// Reads one YAML document into nodes, from the library's events, so that nothing hostile is ever built: no aliases or anchors, no
/// tags, at most `depthLimit` levels and `nodeLimit` nodes of at most `byteLimit` bytes.
///
/// The events come from libyaml, which the Yams package carries as its module `CYaml`; Yams' own composer shares aliased nodes, so
/// a bomb would go off in whoever walks them, and its errors hold the whole document.
package enum YAMLDocument {
  package static let byteLimit = 1 << 20
  package static let depthLimit = 32
  package static let nodeLimit = 100_000

  /// Reads `bytes`; nil when there is no tree to work with. A duplicate key or an anchor is reported and the rest still read.
  ///
  /// An empty document is an empty mapping. Carriage returns and a byte order mark are accepted.
  package static func read(_ bytes: [UInt8], file: ConfigFile, _ diagnostics: inout Diagnostics) -> ConfigNode? {
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
    guard text.count <= byteLimit else {
      diagnostics.error("the file is larger than 1 MiB, the limit for files of this kind", at: Place(file: file, line: 1, column: 1))
      return nil
    }
    if let (offset, problem) = foreignByte(in: text) {
      diagnostics.error(problem, at: place(of: offset, in: text, file))
      return nil
    }
    var composer = EventComposer(file: file, text: text)
    let node = composer.document()
    diagnostics.add(contentsOf: composer.diagnostics)
    return node
  }

  private static func foreignByte(in text: ArraySlice<UInt8>) -> (offset: Int, problem: String)? {
    if let offset = text.firstIndex(of: 0) { return (offset, "a NUL byte: this is not a text file") }
    if String(validating: text, as: UTF8.self) != nil { return nil }
    var parser = Unicode.UTF8.ForwardParser()
    var bytes = text.makeIterator()
    var offset = text.startIndex
    while case .valid(let encoded) = parser.parseScalar(from: &bytes) { offset += encoded.count }
    return (offset, "a byte that is not UTF-8: save the file as UTF-8")
  }

  static func place(of offset: Int, in text: ArraySlice<UInt8>, _ file: ConfigFile) -> Place {
    let before = text[..<min(offset, text.endIndex)]
    let line = before.count { $0 == 10 } + 1
    let start = before.lastIndex(of: 10).map { $0 + 1 } ?? text.startIndex
    let column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
    return Place(file: file, line: line, column: column)
  }
}

/// One pass over the events of a document. Owns the C parser for as long as `document` runs.
private struct EventComposer {
  let file: ConfigFile
  let text: ArraySlice<UInt8>
  var diagnostics = Diagnostics()
  private var nodes = 0
  private var isBroken = false

  init(file: ConfigFile, text: ArraySlice<UInt8>) {
    self.file = file
    self.text = text
  }

  /// Ends the pass; what is wrong has been reported.
  private struct Stop: Error {}

  mutating func document() -> ConfigNode? {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else { return nil }
    defer { yaml_parser_delete(&parser) }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
    let node = text.withUnsafeBufferPointer { buffer -> ConfigNode? in
      yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
      return try? root(&parser)
    }
    return isBroken ? nil : node
  }

  private mutating func root(_ parser: inout yaml_parser_t) throws -> ConfigNode {
    _ = try next(&parser)
    let start = try next(&parser)
    if start.type == YAML_STREAM_END_EVENT {
      return ConfigNode(place: Place(file: file, line: 1, column: 1), content: .mapping([]))
    }
    let node = try node(from: next(&parser), &parser, depth: 1)
    _ = try next(&parser)
    let end = try next(&parser)
    if end.type != YAML_STREAM_END_EVENT { try stop("a second document begins here; write one document a file", at: place(end)) }
    return node
  }

  private mutating func node(from event: Event, _ parser: inout yaml_parser_t, depth: Int) throws -> ConfigNode {
    let place = place(event)
    nodes += 1
    if nodes > YAMLDocument.nodeLimit { try stop("more than \(YAMLDocument.nodeLimit) values in one file", at: place) }
    if depth > YAMLDocument.depthLimit { try stop("nested deeper than \(YAMLDocument.depthLimit) levels", at: place) }
    refuseProperties(event, place)
    switch event.type {
    case YAML_SEQUENCE_START_EVENT:
      var items: [ConfigNode] = []
      while case let item = try next(&parser), item.type != YAML_SEQUENCE_END_EVENT {
        items.append(try node(from: item, &parser, depth: depth + 1))
      }
      return ConfigNode(place: place, content: .sequence(items))
    case YAML_MAPPING_START_EVENT:
      return ConfigNode(place: place, content: .mapping(try entries(&parser, depth: depth)))
    default:
      return ConfigNode(place: place, content: .scalar(event.scalar))
    }
  }

  private mutating func entries(_ parser: inout yaml_parser_t, depth: Int) throws -> [ConfigNode.Entry] {
    var entries: [ConfigNode.Entry] = []
    var lines: [String: Int] = [:]
    while case let event = try next(&parser), event.type != YAML_MAPPING_END_EVENT {
      let keyPlace = place(event)
      if event.type != YAML_SCALAR_EVENT, event.type != YAML_ALIAS_EVENT { try stop("a key must be a word", at: keyPlace) }
      refuseProperties(event, keyPlace)
      let key = event.scalar
      let value = try node(from: next(&parser), &parser, depth: depth + 1)
      if key.isPlain, key.text == "<<" {
        diagnostics.error("merge keys (<<) are not accepted; write the keys out", at: keyPlace)
      } else if let line = lines[key.text] {
        let name = diagnostics.isFull ? "" : quoted(key.text)
        diagnostics.error("the key \(name) is given twice, first in line \(line)", at: keyPlace)
      } else {
        lines[key.text] = keyPlace.line
        entries.append(ConfigNode.Entry(key: key.text, keyPlace: keyPlace, value: value))
      }
    }
    return entries
  }

  private mutating func refuseProperties(_ event: Event, _ place: Place) {
    if event.type == YAML_ALIAS_EVENT {
      diagnostics.error("aliases (*name) are not accepted; write the value out", at: place)
      isBroken = true
    } else if event.hasAnchor {
      diagnostics.error("anchors (&name) are not accepted; write the value out where it is needed", at: place)
    }
    if event.hasTag { diagnostics.error("tags (!name) are not accepted", at: place, suggestion: "put text in quotes instead") }
  }

  private mutating func next(_ parser: inout yaml_parser_t) throws -> Event {
    let event = Event()
    if yaml_parser_parse(&parser, &event.raw) == 1 { return event }
    let problem = parser.problem.map { String(cString: $0) } ?? "it ends too early"
    if parser.error == YAML_READER_ERROR {
      let offset = text.startIndex + min(text.count, Int(parser.problem_offset))
      try stop("this is not valid YAML: \(problem)", at: YAMLDocument.place(of: offset, in: text, file))
    }
    let mark = parser.problem_mark
    let place = Place(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    if isTab(at: mark) { try stop("a tab cannot stand here: indent with spaces", at: place) }
    try stop("this is not valid YAML: \(problem)", at: place)
  }

  /// `mark.index` counts characters, so the line is looked up by its number.
  private func isTab(at mark: yaml_mark_t) -> Bool {
    let lines = text.split(separator: 10, maxSplits: Int(mark.line) + 1, omittingEmptySubsequences: false)
    guard lines.indices.contains(Int(mark.line)) else { return false }
    let line = lines[Int(mark.line)]
    return line.prefix { $0 == 32 || $0 == 9 }.contains(9) || line.dropFirst(Int(mark.column)).first == 9
  }

  private mutating func stop(_ message: String, at place: Place) throws -> Never {
    diagnostics.error(message, at: place)
    isBroken = true
    throw Stop()
  }

  private func place(_ event: Event) -> Place {
    Place(file: file, line: Int(event.raw.start_mark.line) + 1, column: Int(event.raw.start_mark.column) + 1)
  }
}

/// Owns one event of the C library.
private final class Event {
  var raw = yaml_event_t()

  deinit { yaml_event_delete(&raw) }

  var type: yaml_event_type_t { raw.type }

  var scalar: ConfigNode.Scalar {
    guard type == YAML_SCALAR_EVENT else { return ConfigNode.Scalar(text: "", isPlain: true) }
    let data = raw.data.scalar
    let text = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
    return ConfigNode.Scalar(text: text, isPlain: data.style == YAML_PLAIN_SCALAR_STYLE)
  }

  var hasAnchor: Bool {
    switch type {
    case YAML_SCALAR_EVENT: raw.data.scalar.anchor != nil
    case YAML_SEQUENCE_START_EVENT: raw.data.sequence_start.anchor != nil
    case YAML_MAPPING_START_EVENT: raw.data.mapping_start.anchor != nil
    default: false
    }
  }

  var hasTag: Bool {
    switch type {
    case YAML_SCALAR_EVENT: raw.data.scalar.tag != nil
    case YAML_SEQUENCE_START_EVENT: raw.data.sequence_start.tag != nil
    case YAML_MAPPING_START_EVENT: raw.data.mapping_start.tag != nil
    default: false
    }
  }
}
