import AWSKit
import DrillModel
import DrillTestSupport
import EngineKit
import PostgreSQLKit
import Synchronization
import Testing

@testable import EngineRDS

@Suite("A restored database that RDS calls available")
struct RDSReachTests {
  @Test("and that nobody reaches from here says nothing against the backup: the way to it is what to mend")
  func outOfReach() async {
    let closed = ConnectionTarget(host: "127.0.0.1", port: LoopbackSocket.freePort(), user: "u", password: "hunter2", database: "d")
    let pace = Pace(reach: .milliseconds(50), sleep: { _ in try await Task.sleep(for: .milliseconds(20)) })
    let fault = await RDSBench().fault {
      _ = try await RDSPostgreSQL(closed).reached(protected: ProtectedSystems(), pace: pace, mayRefuseLogin: false)
    }
    #expect(fault?.code == .scratchUnusable && fault?.code.verdict == .cannotDrill)
    #expect(fault?.message.contains("cannot be reached") == true && fault?.advice?.contains("security-groups") == true)
    #expect("\(fault.map { "\($0)" } ?? "")".contains("hunter2") == false)
  }

  /// Refuses every password.
  private struct Refusing: RDSServer {
    let host = "127.0.0.1"
    let port = 5432
    let user = "drills"
    func answering(at addresses: [String]) throws -> any RDSServer { throw RDSSilence.login(Fault(.credentials, "refuses drills")) }
    func probes() -> Probes { Probes() }
    func access(directory: String) -> [String] { [] }
  }

  @Test("and that refuses the password is asked again while a new one may not be set yet, and not for ever; another's is refused at once")
  func refusedPassword() async {
    for (isNew, least) in [(true, 2), (false, 0)] {
      let waits = Mutex(0)
      let pace = Pace(reach: .milliseconds(60)) { _ in
        waits.withLock { $0 += 1 }
        try await Task.sleep(for: .milliseconds(20))
      }
      let fault = await RDSBench().fault {
        _ = try await Refusing().reached(protected: ProtectedSystems(), pace: pace, mayRefuseLogin: isNew)
      }
      let waited = waits.withLock { $0 }
      #expect(fault?.code == .credentials && waited >= least && (isNew || waited == 0), "\(waited)")
    }
  }

  @Test("is asked again as long as that lasts")
  func patience() async {
    let closed = ConnectionTarget(host: "127.0.0.1", port: LoopbackSocket.freePort(), user: "u", password: "p", database: "d")
    let waiting = Task {
      try await RDSPostgreSQL(closed).reached(
        protected: ProtectedSystems(), pace: Pace(sleep: { _ in try await Task.sleep(for: .milliseconds(5)) }), mayRefuseLogin: false)
    }
    try? await Task.sleep(for: .milliseconds(300))
    waiting.cancel()
    let result = await waiting.result
    #expect(throws: CancellationError.self) { try result.get() }
  }
}
