import DrillModel
import MySQLKit
import Testing

@testable import EngineMySQL

@Suite("What errors of a load say")
struct MySQLLoadJudgeTests {
  private func fault(_ code: Int, _ message: String) -> Fault {
    let installation = MySQLInstallation(vendor: .mariadb, version: "10.11.19", server: "/usr/sbin/mariadbd", client: "/usr/bin/mariadb")
    return MySQLLoadJudge(installation: installation, header: nil).fault(
      MySQLLoadError(code: code, line: nil, message: message), kind: nil, at: "in the file `shop.orders.00002.sql`")
  }

  @Test("threads that lock each other out are nothing against the backup", arguments: [0, 1213, 1205])
  func locks(_ code: Int) {
    let fault = fault(code, code == 1205 ? "busy" : "Deadlock found when trying to get lock; try restarting transaction")
    #expect(fault.code == .toolFailed && fault.isTransient && fault.advice?.contains("jobs: 1") == true, "\(fault)")
  }

  @Test("a row that is there twice is")
  func duplicate() {
    let fault = fault(1062, "Duplicate entry '1' for key 'PRIMARY'")
    #expect(fault.code == .restoreFailed && !fault.message.contains("'1'"), "\(fault)")
  }
}
