import Foundation
import Glibc

/// A moto server on loopback: AWS for tests, empty at its start. Ends with the value.
///
/// Its checks of signatures are off until `requireSignatures`. It trusts dates, and body digests that are sent: what must not be
/// trusted is tested against a verifier of our own.
package final class MotoServer: Sendable {
  package let port: Int
  private let process: HostCommand

  /// Nil when there is none to start, or when it does not answer within half a minute.
  package init?() async {
    guard let program = TestServers.program("moto_server") else { return nil }
    port = LoopbackSocket.freePort()
    var environment = HostCommand.environment
    environment["PATH"] = getenv("PATH").map { String(cString: $0) }
    process = HostCommand([program, "-H", "127.0.0.1", "-p", "\(port)"], environment: environment)
    for _ in 0..<300 {
      if LoopbackHTTP.exchange(port: port, "GET", "/moto-api/")?.status == 200 { return }
      try? await Task.sleep(for: .milliseconds(100))
    }
    return nil
  }

  deinit { process.signal(SIGKILL) }

  /// For `AWS_ENDPOINT_URL`.
  package var url: String { "http://127.0.0.1:\(port)" }

  /// Ends it at once; its state is lost.
  package func stop() async {
    process.signal(SIGKILL)
    _ = await process.result()
  }

  /// Makes a topic and gives its ARN. Before `requireSignatures` only.
  package func topic(_ name: String, region: String = "eu-west-1") -> String {
    var form = "Action=CreateTopic&Version=2010-03-31&Name=\(name)"
    if name.hasSuffix(".fifo") {
      form += "&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true"
    }
    return MotoServer.between("<TopicArn>", "</TopicArn>", call("sns", region, form)) ?? ""
  }

  /// Has a topic's messages posted to a URL, inside the call that publishes them. Before `requireSignatures` only.
  package func subscribe(_ url: String, to topic: String, region: String = "eu-west-1") {
    _ = call("sns", region, "Action=Subscribe&Version=2010-03-31&TopicArn=\(topic)&Protocol=http&Endpoint=\(url)")
  }

  /// Makes a user that may do what `actions` name (`sns:Publish`, or `*`), and gives its access key.
  package func accessKey(user: String, allowing actions: [String] = ["*"]) -> (id: String, secret: String) {
    let names = actions.map { "\"\($0)\"" }.joined(separator: ",")
    return accessKey(
      user: user, policy: "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\(names)],\"Resource\":\"*\"}]}")
  }

  /// Makes a user with this policy document, and gives its access key.
  package func accessKey(user: String, policy: String) -> (id: String, secret: String) {
    let document = policy.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    _ = call("iam", "us-east-1", "Action=CreateUser&Version=2010-05-08&UserName=\(user)")
    let key = call("iam", "us-east-1", "Action=CreateAccessKey&Version=2010-05-08&UserName=\(user)")
    _ = call("iam", "us-east-1", "Action=PutUserPolicy&Version=2010-05-08&UserName=\(user)&PolicyName=p&PolicyDocument=\(document)")
    return (
      MotoServer.between("<AccessKeyId>", "</AccessKeyId>", key) ?? "",
      MotoServer.between("<SecretAccessKey>", "</SecretAccessKey>", key) ?? ""
    )
  }

  /// From here on every call must be signed with a key that may make it.
  package func requireSignatures() {
    _ = LoopbackHTTP.exchange(port: port, "POST", "/moto-api/reset-auth", headers: [("Content-Type", "text/plain")], body: "0")
  }

  /// One message as moto remembers it.
  package struct Published: Sendable {
    package let id: String
    package let text: String
    package let subject: String?
    package let attributes: JSONValue
  }

  /// What was published to all topics.
  package func published() -> [Published] {
    let body = LoopbackHTTP.exchange(port: port, "GET", "/moto-api/data.json")?.body ?? ""
    // Some versions write the topics as a text of JSON inside the JSON.
    let found = JSONValue(body)?["sns"]["Topic"] ?? .null
    let topics = found.text.flatMap { JSONValue($0) }?.items ?? found.items
    return topics.flatMap { $0["sent_notifications"].items }.map { entry in
      let parts = entry.items
      return Published(
        id: parts[0].text ?? "", text: parts[1].text ?? "", subject: parts[2].text, attributes: parts.count > 3 ? parts[3] : .null)
    }
  }

  /// An unsigned call of the query protocol; the header only tells moto which service is meant.
  func call(_ service: String, _ region: String, _ form: String) -> String {
    let scope = "AWS4-HMAC-SHA256 Credential=none/20260101/\(region)/\(service)/aws4_request, SignedHeaders=host, Signature=none"
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", scope)]
    return LoopbackHTTP.exchange(port: port, "POST", "/", headers: headers, body: form)?.body ?? ""
  }

  static func between(_ start: String, _ end: String, _ text: String) -> String? {
    guard let from = text.firstRange(of: start), let to = text[from.upperBound...].firstRange(of: end) else { return nil }
    return String(text[from.upperBound..<to.lowerBound])
  }
}
