import DrillModel
import DrillTestSupport
import HTTPTransport
import Synchronization
import Testing

@Suite("Bodies that are handed on as they arrive", .timeLimit(.minutes(1)))
struct BodySinkTests {
  private final class Received: Sendable {
    struct State {
      var heads: [Int] = []
      var bytes = 0
    }
    let state = Mutex(State())
    let limit: Int
    let wants: Bool

    init(limit: Int = .max, wants: Bool = true) {
      self.limit = limit
      self.wants = wants
    }

    var options: HTTPOptions {
      var options = HTTPOptions()
      options.bodyLimit = 1000
      options.sink = HTTPBodySink(
        begin: { head in
          self.state.withLock { $0.heads.append(head.status) }
          return self.wants
        },
        receive: { piece in
          self.state.withLock {
            $0.bytes += piece.count
            return $0.bytes <= self.limit
          }
        })
      return options
    }
  }

  private func failure(_ server: ScriptedHTTPServer, _ options: HTTPOptions) -> TransportError? {
    do throws(TransportError) {
      _ = try HTTPClient().send(HTTPRequest("GET", server.url), options)
      return nil
    } catch { return error }
  }

  @Test("a body far beyond the limit goes to the sink, and none is kept")
  func large() throws {
    let received = Received()
    let server = ScriptedHTTPServer(.flood(30 << 20))
    let answer = try HTTPClient().send(HTTPRequest("GET", server.url), received.options)
    #expect(answer.status == 200 && answer.body.isEmpty)
    #expect(received.state.withLock { $0.bytes } == 30 << 20)
    #expect(received.state.withLock { $0.heads } == [200])
  }

  @Test("the body of a refusal or a redirect is kept, and the sink is not told", arguments: [301, 403, 416, 503])
  func refused(_ status: Int) throws {
    let received = Received()
    let server = ScriptedHTTPServer(.answer(status, headers: [("Location", "http://127.0.0.1:1/")], body: "<Error/>"))
    let answer = try HTTPClient().send(HTTPRequest("GET", server.url), received.options)
    #expect(answer.status == status && String(decoding: answer.body, as: UTF8.self) == "<Error/>")
    #expect(received.state.withLock { $0.heads.isEmpty })
  }

  @Test("a receiver that wants no more, of the head or in the body, ends it")
  func declined() {
    for received in [Received(wants: false), Received(limit: 100_000)] {
      let error = failure(ScriptedHTTPServer(.flood(30 << 20)), received.options)
      #expect(error?.kind == .declined && error?.isTransient == false)
      #expect(received.state.withLock { $0.bytes } < 1 << 20)
    }
  }

  @Test("a body that is cut is told as cut, with what came of it handed on")
  func cut() {
    let received = Received()
    let error = failure(ScriptedHTTPServer(.cutInBody(10_000)), received.options)
    #expect(error?.kind == .cut && error?.isTransient == true)
    #expect(received.state.withLock { $0.bytes } == 5000)
  }

  @Test("a body that stops flowing ends by the stall timeout")
  func stalled() {
    var options = Received().options
    options.stallTimeout = .seconds(1)
    let error = failure(ScriptedHTTPServer(.after(.seconds(20), .cut)), options)
    #expect(error?.kind == .timedOut)
  }
}
