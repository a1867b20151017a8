import AWSClient
import AWSSigning
import DrillModel
import DrillTestSupport
import Foundation
import Synchronization
import Testing
import ToolRunner

@Suite("Credentials that expire")
struct RefreshingCredentialsTests {
  /// Gives credentials of an hour, numbered, or fails.
  private final class Fetches: Sendable {
    let clocks = SetClocks()
    private let state = Mutex<(count: Int, fails: Bool, life: Duration)>((0, false, .seconds(3600)))

    var count: Int { state.withLock { $0.count } }
    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }
    func live(_ life: Duration) { state.withLock { $0.life = life } }

    func credentials(outlivesExpiry: Bool = false) -> RefreshingCredentials {
      RefreshingCredentials(clocks, outlivesExpiry: outlivesExpiry) { [self] in
        let (number, fails, life) = state.withLock { state in
          state.count += 1
          return (state.count, state.fails, state.life)
        }
        if fails { throw Fault(.credentials, "the service is away") }
        let key = AWSCredentials(accessKeyID: "KEY\(number)", secretAccessKey: "s", expiration: clocks.now() + life)
        return ProvidedCredentials(key, from: "a test")
      }
    }
  }

  private func key(_ credentials: RefreshingCredentials) throws -> String? { try credentials.current()?.credentials.accessKeyID }

  @Test("they are kept until a quarter of an hour before their end, and then fetched anew")
  func windows() throws {
    let fetches = Fetches()
    let credentials = fetches.credentials()
    #expect(try key(credentials) == "KEY1")
    fetches.clocks.step(.seconds(44 * 60))
    #expect(try key(credentials) == "KEY1")
    fetches.clocks.step(.seconds(2 * 60))
    #expect(try key(credentials) == "KEY2")
    #expect(fetches.count == 2)
  }

  @Test("while fetching fails the old ones are used as long as they are valid, asked for once a minute")
  func failing() throws {
    let fetches = Fetches()
    let credentials = fetches.credentials()
    #expect(try key(credentials) == "KEY1")
    fetches.fail(true)
    fetches.clocks.step(.seconds(55 * 60))
    for _ in 0..<5 { #expect(try key(credentials) == "KEY1") }
    #expect(fetches.count == 2)
    fetches.clocks.step(.seconds(4 * 60))
    #expect(try key(credentials) == "KEY1")
    fetches.clocks.step(.seconds(2 * 60))
    #expect(throws: Fault.self) { try credentials.current() }
    fetches.fail(false)
    #expect(try key(credentials) != "KEY1", "they are back as soon as the service is")
  }

  @Test("an instance's expired ones go on where the service is away, others do not")
  func outliving() throws {
    let fetches = Fetches()
    let credentials = fetches.credentials(outlivesExpiry: true)
    #expect(try key(credentials) == "KEY1")
    fetches.fail(true)
    fetches.clocks.step(.seconds(2 * 3600))
    #expect(try key(credentials) == "KEY1")
  }

  @Test("a clock that makes every session look expired leads to one fetch a minute, not to a storm")
  func wrongClock() throws {
    let fetches = Fetches()
    fetches.live(.seconds(-3600))
    let credentials = fetches.credentials()
    for _ in 0..<10 { _ = try credentials.current() }
    #expect(fetches.count == 1)
    fetches.clocks.step(.seconds(61))
    _ = try credentials.current()
    #expect(fetches.count == 2)
  }

  @Test("what AWS refuses as expired is fetched anew at once, and only that")
  func discarded() throws {
    let fetches = Fetches()
    let credentials = fetches.credentials()
    let first = try #require(try credentials.current()?.credentials)
    credentials.discard(AWSCredentials(accessKeyID: "OTHER", secretAccessKey: "s"))
    #expect(try key(credentials) == "KEY1")
    credentials.discard(first)
    #expect(try key(credentials) == "KEY2")
  }

  /// Counts callers, and fetches that wait for all of them.
  private final class Crowd: Sendable {
    let fetches = Mutex(0)
    let callers = Mutex(0)

    func fetch(_ clocks: SetClocks, fails: Bool) throws -> ProvidedCredentials {
      fetches.withLock { $0 += 1 }
      for _ in 0..<500 where callers.withLock({ $0 }) < 8 { Thread.sleep(forTimeInterval: 0.01) }
      Thread.sleep(forTimeInterval: 0.05)
      if fails { throw Fault(.credentials, "the service is away") }
      let key = AWSCredentials(accessKeyID: "KEY", secretAccessKey: "s", expiration: clocks.now() + .seconds(3600))
      return ProvidedCredentials(key, from: "a test")
    }
  }

  @Test("callers at the same time share one fetch, and its failure", arguments: [false, true])
  func shared(fails: Bool) async throws {
    let clocks = SetClocks()
    let crowd = Crowd()
    let credentials = RefreshingCredentials(clocks) { try crowd.fetch(clocks, fails: fails) }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try await onThread("caller") {
            crowd.callers.withLock { $0 += 1 }
            return (try? credentials.current()) != nil
          }
        }
      }
      for try await isThere in group { #expect(isThere == !fails) }
    }
    #expect(crowd.fetches.withLock { $0 } == 1)
  }
}
