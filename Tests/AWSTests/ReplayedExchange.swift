import DrillTestSupport
import HTTPTransport
import Synchronization

/// Answers requests from a row of the vectors, in its order, and notes what it did not expect. Nobody answers beyond the last.
final class ReplayedExchange: HTTPExchanging, Sendable {
  private let rows: [JSONValue]
  private let state = Mutex<(next: Int, surprises: [String])>((0, []))

  init(_ rows: [JSONValue] = []) { self.rows = rows }

  /// What was asked otherwise than the row says.
  var surprises: [String] { state.withLock { $0.surprises } }
  /// How many of the row's requests came.
  var count: Int { state.withLock { $0.next } }

  func send(_ request: HTTPRequest, _ options: HTTPOptions) throws(TransportError) -> HTTPResponse {
    let row = state.withLock { state -> JSONValue? in
      guard state.next < rows.count else { return nil }
      state.next += 1
      return rows[state.next - 1]
    }
    guard let row else { throw TransportError(.notConnected, "nobody", "Nobody is there") }
    let wanted = row["request"]
    var surprises: [String] = []
    if request.method != wanted["method"].text { surprises.append("method \(request.method)") }
    if ReplayedExchange.parts(request.url) != ReplayedExchange.parts(wanted["uri"].text ?? "") { surprises.append("URL \(request.url)") }
    // Times and lengths are the recording's own.
    for name in wanted["headers"].keys where !["host", "content-length", "content-type", "x-amz-date"].contains(name.lowercased()) {
      if request.headers.first(name) != wanted["headers"][name].items.first?.text { surprises.append("header \(name)") }
    }
    let found = surprises
    state.withLock { $0.surprises += found }
    let headers = row["response"]["headers"]
    return HTTPResponse(
      status: Int(row["response"]["status"].number ?? 0), headers: headers.keys.map { HTTPHeader($0, headers[$0].items.first?.text ?? "") },
      body: Array((row["response_body"].text ?? "").utf8))
  }

  /// Without an empty path, the query in any order.
  private static func parts(_ url: String) -> [String] {
    let halves = url.split(separator: "?", maxSplits: 1).map(String.init)
    let base = halves[0].hasSuffix("/") ? String(halves[0].dropLast()) : halves[0]
    return [base] + (halves.count > 1 ? halves[1].split(separator: "&").map(String.init).sorted() : [])
  }
}
