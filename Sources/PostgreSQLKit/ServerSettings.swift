internal import DrillModel
internal import Foundation

/// Settings of a scratch server, as `-c` arguments.
package enum ServerSettings {
  /// Memory and log sizes change speed and never durability; with `relaxed`, nothing is synced to disk.
  ///
  /// - Parameter own: Settings that take the place of those of the same name here; an empty value leaves the server's default.
  package static func arguments(relaxed: Bool, socket: String, own: [(String, String)] = []) -> [String] {
    let memory = Int(ProcessInfo.processInfo.physicalMemory >> 20)
    var settings = [
      ("listen_addresses", ""), ("unix_socket_directories", socket), ("unix_socket_permissions", "0700"), ("port", "5432"),
      ("max_connections", "60"), ("superuser_reserved_connections", "5"), ("shared_buffers", "\(min(2048, max(64, memory / 8)))MB"),
      ("maintenance_work_mem", "\(min(512, max(64, memory / 32)))MB"), ("max_wal_size", "4GB"), ("checkpoint_timeout", "15min"),
      ("autovacuum_naptime", "60s"), ("max_locks_per_transaction", "256"), ("archive_mode", "off"), ("jit", "off"),
      // Dynamic shared memory lies in the data directory, so that a killed server leaves nothing in /dev/shm.
      ("dynamic_shared_memory_type", "mmap"), ("min_dynamic_shared_memory", "0"), ("lc_messages", "C"), ("logging_collector", "off"),
      ("log_destination", "stderr"), ("log_min_messages", "warning"), ("log_min_error_statement", "panic"), ("log_checkpoints", "off"),
      ("log_error_verbosity", "terse"), ("password_encryption", "scram-sha-256"), ("timezone", "UTC"), ("log_timezone", "UTC"),
      ("max_logical_replication_workers", "0"), ("max_wal_senders", "0"), ("ssl", "off"),
    ]
    if relaxed {
      settings += [
        ("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off"), ("autovacuum", "off"), ("wal_level", "minimal"),
      ]
    }
    let names = Set(own.map(\.0))
    settings.removeAll { names.contains($0.0) }
    return (settings + own).flatMap { ["-c", "\($0.0)=\($0.1)"] }
  }
}
