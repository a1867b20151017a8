import AWSClient
import DrillTestSupport
import Foundation
import Testing

@Suite("AWS's XML")
struct XMLReaderTests {
  @Test(
    "every error row gives its code, message and request",
    .enabled(if: VectorFile.isThere, Comment(rawValue: ConformanceData.absence)),
    arguments: VectorFile.rows("aws_xml", ["error_query", "error_ec2", "error_s3"]))
  func errors(row: JSONValue) throws {
    let body = try #require(AWSErrorBody(Array((row["input"]["body"].text ?? "").utf8)))
    #expect(body.code == row["expect"]["Error"]["Code"].text)
    #expect(body.message == row["expect"]["Error"]["Message"].text)
    if let id = row["expect"]["ResponseMetadata"]["RequestId"].text { #expect(body.requestID == id) }
  }

  @Test(
    "errors of the protocol tests give their code",
    .enabled(if: VectorFile.isThere, Comment(rawValue: ConformanceData.absence)),
    arguments: VectorFile.rows("aws_xml", ["protocol_output_query", "protocol_output_ec2", "protocol_output_rest-xml"]).filter {
      !$0["expect"]["errorCode"].isNull
    })
  func protocolErrors(row: JSONValue) throws {
    let body = try #require(AWSErrorBody(Array((row["input"]["body"].text ?? "").utf8)))
    #expect(body.code == row["expect"]["errorCode"].text)
    if let message = row["expect"]["errorMessage"].text { #expect(body.message == message) }
  }

  @Test(
    "SNS's answers are read, and are no errors",
    .enabled(if: VectorFile.isThere, Comment(rawValue: ConformanceData.absence)), arguments: VectorFile.rows("aws_xml", ["response_sns"]))
  func sns(row: JSONValue) throws {
    let bytes = Array((row["input"]["body"].text ?? "").utf8)
    let root = try #require(XMLReader.read(bytes))
    #expect(root.text("ResponseMetadata", "RequestId") == row["expect"]["ResponseMetadata"]["RequestId"].text)
    let result = root.name.replacing("Response", with: "Result")
    if let arn = row["expect"]["SubscriptionArn"].text { #expect(root.text(result, "SubscriptionArn") == arn) }
    for entry in root[result]?["Attributes"]?.children ?? [] {
      #expect(row["expect"]["Attributes"][entry.text("key") ?? ""].text == entry.text("value"))
    }
    #expect(AWSErrorBody(bytes) == nil)
  }

  @Test("references, sections, comments, attributes and namespaces are understood")
  func forms() throws {
    let text =
      "\u{feff}<?xml version='1.0'?><!-- c --><a:r x=\"1\" y='2>3'><b>&lt;&#65;&#x42;&amp;</b><c><![CDATA[<raw>&amp;]]></c><d/><e >t<!-- > --></e></a:r>\n"
    let root = try #require(XMLReader.read(Array(text.utf8)))
    #expect(root.name == "r")
    #expect(root.text("b") == "<AB&")
    #expect(root.text("c") == "<raw>&amp;")
    #expect(root.text("d") == "")
    #expect(root.text("e") == "t")
    #expect(root.text("nothing") == nil)
  }

  @Test(
    "what is not well formed, or declares a document type, is nothing",
    arguments: [
      "", " ", "text", "<a>", "<a></b>", "<a><b></a></b>", "<a/><b/>", "<a>&unknown;</a>", "<a>&amp</a>", "<a>&#0;</a>", "<a>&#xD800;</a>",
      "<a b></a>", "<a b=c></a>", "<a b=\"<\"/>", "<a><!-- never ends</a>", "</a>", "<a/>x", "<!DOCTYPE a><a/>", "<?xml version='1.0'",
      "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", "<a><!DOCTYPE b></a>", "<a><![CDATA[x</a>", "<1/>x", "< a/>",
    ])
  func refused(text: String) {
    #expect(XMLReader.read(Array(text.utf8)) == nil)
  }

  @Test("depth, size and encoding have limits")
  func limits() {
    let deep = String(repeating: "<a>", count: 5000) + String(repeating: "</a>", count: 5000)
    #expect(XMLReader.read(Array(deep.utf8)) == nil)
    let fits = String(repeating: "<a>", count: 60) + String(repeating: "</a>", count: 60)
    #expect(XMLReader.read(Array(fits.utf8)) != nil)
    #expect(XMLReader.read(Array("<a>\(String(repeating: "x", count: XMLReader.byteLimit))</a>".utf8)) == nil)
    #expect(XMLReader.read(Array("<a>".utf8) + [0xff, 0xfe] + Array("</a>".utf8)) == nil)
  }

  @Test(
    "every text of every answer is there: of RDS, EC2, S3, SNS and STS, and of the protocols' own tests",
    .enabled(if: VectorFile.isThere, Comment(rawValue: ConformanceData.absence)),
    arguments: VectorFile.rows(
      "aws_xml",
      [
        "response_rds", "response_ec2", "response_s3", "response_sns", "response_sts", "protocol_output_query", "protocol_output_ec2",
        "protocol_output_rest-xml",
      ]
    ).filter { $0["input"]["body"].text?.hasPrefix("<") == true })
  func whole(row: JSONValue) throws {
    let body = row["input"]["body"].text ?? ""
    let root = try #require(XMLReader.read(Array(body.utf8)))
    let texts = Set(XMLReaderTests.texts(root))
    for wanted in XMLReaderTests.leaves(row["expect"]) {
      let trimmed = wanted.trimmingCharacters(in: .whitespacesAndNewlines)
      // Bytes stand in base64; attributes and headers are not the reader's.
      let isElsewhere = body.contains("\"\(wanted)\"") || row["input"]["headers"].texts.values.contains(wanted)
      #expect(texts.contains(trimmed) || texts.contains(Data(wanted.utf8).base64EncodedString()) || isElsewhere, "\(wanted)")
    }
  }

  private static func texts(_ element: XMLElement) -> [String] {
    [element.text.trimmingCharacters(in: .whitespacesAndNewlines)] + element.children.flatMap(texts)
  }

  private static func leaves(_ value: JSONValue) -> [String] {
    value.text.map { [$0] } ?? value.items.flatMap(leaves) + value.keys.flatMap { leaves(value[$0]) }
  }
}
