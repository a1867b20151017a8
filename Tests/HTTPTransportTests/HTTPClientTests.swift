import DrillModel
import DrillTestSupport
import Foundation
import HTTPTransport
import Testing

@Suite("HTTP over libcurl")
struct HTTPClientTests {
  private func failure(_ request: HTTPRequest, _ options: HTTPOptions = HTTPOptions()) -> TransportError? {
    do throws(TransportError) {
      _ = try HTTPClient().send(request, options)
      return nil
    } catch { return error }
  }

  @Test("a request arrives as it was given, and the answer comes back whole")
  func roundTrip() throws {
    let server = ScriptedHTTPServer(.answer(201, headers: [("X-Kind", " a b ")], body: "héllo"))
    let request = HTTPRequest(
      "POST", "\(server.url)/a/../b%20c?q=%2F", headers: [HTTPHeader("X-One", "1"), HTTPHeader("X-Empty", "")], body: Array("{}\0ü".utf8))
    let answer = try HTTPClient().send(request, HTTPOptions())
    #expect(answer.status == 201)
    #expect(String(decoding: answer.body, as: UTF8.self) == "héllo")
    #expect(answer.headers.first("x-kind") == "a b ")
    #expect(answer.times.total > .zero)
    let seen = try #require(server.requests.first)
    #expect(seen.method == "POST")
    #expect(seen.target == "/a/../b%20c?q=%2F", "the path that was signed is the path that is sent")
    #expect(seen.header("X-One") == "1")
    #expect(seen.header("X-Empty") == "")
    #expect(seen.body == Array("{}\0ü".utf8))
    #expect(seen.header("Expect") == nil)
    #expect(seen.header("Content-Type") == nil)
  }

  @Test("any status is an answer", arguments: [200, 204, 301, 403, 404, 429, 500, 503])
  func statuses(status: Int) throws {
    let server = ScriptedHTTPServer(.answer(status))
    #expect(try HTTPClient().send(HTTPRequest("GET", server.url), HTTPOptions()).status == status)
  }

  @Test("a redirect is not followed, and nothing of the request is sent on", arguments: [301, 302, 303, 307, 308])
  func redirect(status: Int) throws {
    let target = ScriptedHTTPServer(.answer(200))
    let server = ScriptedHTTPServer(.answer(status, headers: [("Location", "\(target.url)/stolen")]))
    let request = HTTPRequest("POST", server.url, headers: [HTTPHeader("Authorization", "secret")], body: [1])
    #expect(try HTTPClient().send(request, HTTPOptions()).status == status)
    #expect(target.requests.isEmpty)
  }

  @Test("a cut before the answer tells that the request may have arrived")
  func cut() throws {
    let server = ScriptedHTTPServer(.cut)
    let error = try #require(failure(HTTPRequest("POST", server.url, body: [1])))
    #expect(error.kind == .cut)
    #expect(error.maybeSent)
    #expect(error.isTransient)
    #expect(server.requests.count == 1, "and it is not sent again")
  }

  @Test("a cut in the middle of the answer keeps its status")
  func cutInBody() throws {
    let server = ScriptedHTTPServer(.cutInBody(1000))
    let error = try #require(failure(HTTPRequest("GET", server.url)))
    #expect(error.kind == .cut)
    #expect(error.status == 200)
    #expect(error.maybeSent)
  }

  @Test("nothing was sent where nobody listens or no such name exists")
  func unreachable() throws {
    let refused = try #require(failure(HTTPRequest("POST", "http://127.0.0.1:\(LoopbackSocket.freePort())/", body: [1])))
    #expect(refused.kind == .notConnected)
    #expect(!refused.maybeSent)
    let unknown = try #require(failure(HTTPRequest("GET", "https://nobody.invalid/secret-path")))
    #expect(unknown.kind == .notResolved)
    #expect(!unknown.maybeSent)
    #expect(unknown.message.contains("nobody.invalid"))
    #expect(!unknown.message.contains("secret-path"), "a webhook's path is a secret")
  }

  @Test("an answer that does not come in time ends the exchange, and may have been acted on")
  func slow() throws {
    let server = ScriptedHTTPServer(.after(.seconds(20), .answer(200)))
    var options = HTTPOptions()
    options.timeout = .milliseconds(700)
    let start = ContinuousClock.now
    let error = try #require(failure(HTTPRequest("POST", server.url, body: [1]), options))
    #expect(error.kind == .timedOut)
    #expect(error.maybeSent)
    #expect(ContinuousClock.now - start < .seconds(15))
  }

  @Test("a body past the limit ends the exchange, announced or not")
  func flood() throws {
    var options = HTTPOptions()
    options.bodyLimit = 1000
    let flood = ScriptedHTTPServer(.flood(50 << 20))
    let error = try #require(failure(HTTPRequest("GET", flood.url), options))
    #expect(error.kind == .tooLarge)
    #expect(error.status == 200)
    let exact = ScriptedHTTPServer(.answer(200, body: String(repeating: "x", count: 1000)))
    #expect(try HTTPClient().send(HTTPRequest("GET", exact.url), options).body.count == 1000)
    let over = ScriptedHTTPServer(.answer(200, body: String(repeating: "x", count: 1001)))
    #expect(failure(HTTPRequest("GET", over.url), options)?.kind == .tooLarge)
  }

  @Test("headers without end are refused")
  func headerFlood() throws {
    let line = "X-Fill: \(String(repeating: "x", count: 1000))\r\n"
    let server = ScriptedHTTPServer(.raw(Array(("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 2000) + "\r\n").utf8)))
    #expect(failure(HTTPRequest("GET", server.url))?.kind == .tooLarge)
  }

  @Test("what is not HTTP is no answer", arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0", "220 mail\r\n"])
  func notHTTP(text: String) throws {
    let server = ScriptedHTTPServer(.raw(Array(text.utf8)))
    let error = try #require(failure(HTTPRequest("GET", server.url)))
    #expect([.malformed, .cut].contains(error.kind))
  }

  @Test("cancelling ends an exchange that waits")
  func cancelled() async throws {
    let server = ScriptedHTTPServer(.after(.seconds(30), .answer(200)))
    var options = HTTPOptions()
    let flag = Cancellation()
    options.cancellation = flag
    Thread.detachNewThread {
      usleep(300_000)
      flag.cancel()
    }
    let start = ContinuousClock.now
    let error = try #require(failure(HTTPRequest("GET", server.url), options))
    #expect(error.kind == .cancelled)
    #expect(error.fault().code == .interrupted)
    #expect(ContinuousClock.now - start < .seconds(15))
    #expect(failure(HTTPRequest("GET", server.url), options)?.kind == .cancelled, "a set flag sends nothing")
    #expect(server.requests.count == 1)
  }

  @Test(
    "what is no request of ours is refused before anything is sent",
    arguments: [
      HTTPRequest("GET", "ftp://127.0.0.1/"), HTTPRequest("GET", "file:///etc/passwd"), HTTPRequest("GET", "127.0.0.1"),
      HTTPRequest("GET", "http://user:pass@127.0.0.1/"), HTTPRequest("GET", "http://127.0.0.1/a b"), HTTPRequest("GET", ""),
      HTTPRequest("GET", "http://127.0.0.1/\r\nX: y"), HTTPRequest("get /", "http://127.0.0.1/"),
      HTTPRequest("GET", "http://127.0.0.1/", headers: [HTTPHeader("X", "a\r\nInjected: b")]),
      HTTPRequest("GET", "http://127.0.0.1/", headers: [HTTPHeader("X\nY", "a")]),
    ])
  func invalid(request: HTTPRequest) throws {
    let error = try #require(failure(request))
    #expect(error.kind == .invalidRequest)
    #expect(!error.maybeSent)
    #expect(!error.isTransient)
    #expect(!error.message.contains("pass@"))
  }

  @Test("one client serves one request after another")
  func reuse() throws {
    let server = ScriptedHTTPServer { request, index in .answer(200, body: "\(request.method) \(index) \(request.text)") }
    let client = try HTTPClient()
    for (index, method) in ["GET", "POST", "HEAD", "PUT", "DELETE", "GET"].enumerated() {
      let body = method == "POST" || method == "PUT" ? Array("b".utf8) : []
      let answer = try client.send(HTTPRequest(method, server.url, body: body), HTTPOptions())
      let text = method == "HEAD" ? "" : "\(method) \(index) \(String(decoding: body, as: UTF8.self))"
      #expect(String(decoding: answer.body, as: UTF8.self) == text)
    }
  }
}
