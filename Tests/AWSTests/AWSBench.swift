import AWSClient
import AWSSigning
import DrillModel
import DrillTestSupport
import HTTPTransport
import Synchronization

/// A clock that a test sets.
final class SetClocks: Clocks {
  private let wall: Mutex<Timestamp>

  init(_ text: String = "2026-11-21T04:00:00Z") { wall = Mutex(Timestamp(rfc3339: text) ?? Timestamp(seconds: 0)) }

  func now() -> Timestamp { wall.withLock { $0 } }
  func elapsed() -> Duration { .seconds(1) }
  func step(_ span: Duration) { wall.withLock { $0 = $0 + span } }
}

/// A machine of a test's own: variables, files, a set clock; waiting is written down instead of done.
final class AWSBench: Sendable {
  static let topic = "arn:aws:sns:eu-west-1:123456789012:dr-drills"
  static let keys = ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"]

  let clocks: SetClocks
  private let slept = Mutex<[Duration]>([])
  private let files: [String: String]
  private let environment: [String: String]

  private let exchange: any HTTPExchanging & Sendable

  /// - Parameter exchange: What credential providers ask; without one, nobody is there.
  init(
    environment: [String: String] = AWSBench.keys, files: [String: String] = [:], clock: String = "2026-11-21T04:00:00Z",
    exchange: any HTTPExchanging & Sendable = ReplayedExchange()
  ) {
    self.environment = environment
    self.files = files
    clocks = SetClocks(clock)
    self.exchange = exchange
  }

  var waits: [Duration] { slept.withLock { $0 } }

  var host: AWSHost {
    var host = AWSHost(environment: environment, clocks: clocks)
    host.readFile = { [files] in files[$0].map { Array($0.utf8) } }
    host.random = { 1 }
    host.http = { [exchange] in exchange }
    host.sleep = { [self] span, _ in
      slept.withLock { $0.append(span) }
      clocks.step(span)
    }
    return host
  }

  func connection(_ settings: AWSSettings = AWSSettings()) -> AWSConnection { AWSConnection(settings, host: host) }

  /// Publishes to a server by this machine's settings.
  func publish(
    to server: ScriptedHTTPServer, _ message: SNSMessage = AWSBench.message(), connection: AWSConnection? = nil,
    options: HTTPOptions = HTTPOptions()
  ) throws -> SNSOutcome {
    let connection = connection ?? self.connection(AWSSettings(endpoint: server.url))
    return SNSClient(connection, http: try HTTPClient(), options: options).publish(message)
  }

  /// What AWS's clock agrees with, given this key.
  func verifier(secret: String = AWSBench.keys["AWS_SECRET_ACCESS_KEY"] ?? "") -> SignatureVerifier {
    SignatureVerifier(secrets: ["AKIDEXAMPLE": secret]) { [clocks] in clocks.now() }
  }

  static func message(_ text: String = "RPO missed: 1 h 2 min > 1 h\nÜbung & 100 %") -> SNSMessage {
    SNSMessage(topic: topic, subject: "FAILED orders", text: text, attributes: ["verdict": .string("failed"), "drill": .string("orders")])
  }
}
