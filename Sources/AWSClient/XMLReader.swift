import Foundation
import FoundationXML

/// Reads the XML that AWS answers in, with the system's parser, within limits.
///
/// A document type is refused before the parser sees it, an entity that it meets all the same ends it, and nothing outside the
/// document is ever opened: neither entity bombs nor external entities exist. Attributes, comments and processing instructions are
/// left out.
package enum XMLReader {
  package static let byteLimit = 4 << 20
  package static let depthLimit = 64
  /// XML_NS_ERR_UNDEFINED_NAMESPACE of libxml2.
  private static let undeclaredPrefix = 201

  /// The root element; nil for anything that is not well formed, too large or too deep, or that declares a document type.
  package static func read(_ bytes: [UInt8]) -> XMLElement? {
    guard !bytes.isEmpty, bytes.count <= byteLimit, String(validating: bytes, as: UTF8.self) != nil else { return nil }
    // Within a CDATA section the words would be harmless; AWS writes none, and a parser's opinion on that is not worth trusting.
    guard bytes.firstRange(of: Array("<!DOCTYPE".utf8)) == nil else { return nil }
    let builder = XMLTreeBuilder()
    let parser = XMLParser(data: Data(bytes))
    parser.shouldResolveExternalEntities = false
    parser.delegate = builder
    guard parser.parse(), !builder.isRefused else { return nil }
    // What follows the root's end is an error that the parser notes and does not fail for, as is a prefix that nobody declared.
    let code = (parser.parserError as NSError?)?.code
    return code == nil || code == undeclaredPrefix ? builder.root : nil
  }
}

/// Puts elements together as the parser meets them. Belongs to one parser.
private final class XMLTreeBuilder: NSObject, XMLParserDelegate {
  private(set) var root: XMLElement?
  /// Something came that is not read, and the parser was told to stop.
  private(set) var isRefused = false
  private var open: [XMLElement] = []

  func parser(
    _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?, qualifiedName qName: String?,
    attributes attributeDict: [String: String]
  ) {
    guard open.count < XMLReader.depthLimit, let name = elementName.split(separator: ":").last else { return refuse(parser) }
    open.append(XMLElement(name: String(name)))
  }

  func parser(_ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?, qualifiedName qName: String?) {
    guard let done = open.popLast() else { return refuse(parser) }
    if open.isEmpty { root = done } else { open[open.count - 1].children.append(done) }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if !open.isEmpty { open[open.count - 1].text += string }
  }

  func parser(_ parser: XMLParser, foundCDATA block: Data) {
    if !open.isEmpty { open[open.count - 1].text += String(decoding: block, as: UTF8.self) }
  }

  func parser(_ parser: XMLParser, foundInternalEntityDeclarationWithName name: String, value: String?) { refuse(parser) }

  func parser(_ parser: XMLParser, foundExternalEntityDeclarationWithName name: String, publicID: String?, systemID: String?) {
    refuse(parser)
  }

  func parser(
    _ parser: XMLParser, foundUnparsedEntityDeclarationWithName name: String, publicID: String?, systemID: String?, notationName: String?
  ) { refuse(parser) }

  func parser(_ parser: XMLParser, resolveExternalEntityName name: String, systemID: String?) -> Data? {
    refuse(parser)
    return nil
  }

  private func refuse(_ parser: XMLParser) {
    isRefused = true
    parser.abortParsing()
  }
}
