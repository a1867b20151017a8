import DrillModel
import Foundation

/// Settings of a scratch server, as arguments behind `--no-defaults`.
enum MySQLSettings {
  /// Where a server of ours keeps what.
  struct Places: Sendable {
    var data: String
    /// The directory of the socket, which only the run's user enters.
    var socket: String
    var temporary: String
    /// A directory that is and stays empty: libraries, imports and exports are looked for there.
    var nowhere: String
    /// SQL that is carried out before anybody can connect.
    var opening: String
  }

  /// Memory and log sizes change speed and never durability; with `relaxed`, nothing is synced to disk.
  ///
  /// - Parameter extra: Later than all others, so that they win.
  static func arguments(_ installation: MySQLInstallation, _ places: Places, relaxed: Bool, extra: [String]) -> [String] {
    var arguments = base(places) + memory()
    switch installation.vendor {
    case .mariadb:
      arguments += ["--secure-file-priv=\(places.nowhere)", "--skip-slave-start", "--feedback=OFF", "--log-warnings=1"]
      if relaxed { arguments.append("--innodb-flush-method=nosync") }
    case .mysql:
      // A data directory of MySQL brings settings of its own (`mysqld-auto.cnf`), which a scratch server must not follow.
      arguments += [
        "--secure-file-priv=NULL", "--persisted-globals-load=OFF", "--loose-mysqlx=OFF", "--loose-skip-slave-start",
        "--loose-skip-replica-start", "--log-error-verbosity=2", "--loose-auto-generate-certs=OFF",
      ]
    }
    if relaxed {
      arguments += ["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--innodb-io-capacity=20000"]
    }
    return arguments + extra
  }

  private static func base(_ places: Places) -> [String] {
    [
      "--no-defaults", "--datadir=\(places.data)", "--socket=\(places.socket)/\(MySQLServer.socketName)", "--pid-file=\(places.socket)/pid",
      "--tmpdir=\(places.temporary)", "--plugin-dir=\(places.nowhere)", "--init-file=\(places.opening)", "--skip-networking",
      "--skip-name-resolve", "--skip-log-bin", "--local-infile=0", "--event-scheduler=OFF", "--skip-symbolic-links",
      "--general-log=OFF", "--slow-query-log=OFF", "--performance-schema=OFF", "--max-connections=100",
      "--max-allowed-packet=1G", "--wait-timeout=31536000", "--net-read-timeout=3600", "--net-write-timeout=3600",
      "--character-set-server=utf8mb4", "--default-time-zone=+00:00", "--lower-case-table-names=0",
      // Zero dates are what old applications left; what does not fit its column stays an error.
      "--sql-mode=STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION", "--innodb-strict-mode=OFF", "--innodb-print-all-deadlocks=OFF",
    ]
  }

  private static func memory() -> [String] {
    let megabytes = Int(ProcessInfo.processInfo.physicalMemory >> 20)
    return ["--innodb-buffer-pool-size=\(min(2048, max(64, megabytes / 8)))M", "--innodb-log-file-size=256M"]
  }
}
