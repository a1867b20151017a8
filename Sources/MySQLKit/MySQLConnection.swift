import CMariaDB
package import EngineKit
import Glibc
import Synchronization

/// One connection over libmariadb. Every call blocks and belongs on a thread of its own; calls from several threads take turns.
///
/// Unchecked because the compiler cannot see that `raw` is used by whoever holds `isOpen` only, and closed once.
package final class MySQLConnection: @unchecked Sendable {
  private let isOpen: Mutex<Bool>
  private let raw: UnsafeMutablePointer<MYSQL>
  private let socket: Int32
  /// The server's number of this connection, for `KILL QUERY`.
  package let number: UInt
  /// As the server says it: `10.11.19-MariaDB`, `8.0.35`.
  package let serverVersion: String

  /// Connects.
  ///
  /// - Parameter silence: How long the server may say nothing, in whole seconds, before the connection counts as lost; 0 for ever.
  /// - Throws: `MySQLError`.
  package init(_ endpoint: MySQLEndpoint, silence: Duration = .zero) throws(MySQLError) {
    _ = MySQLConnection.library
    guard let raw = mysql_init(nil) else { throw MySQLError(code: 2008, message: "no memory for a connection") }
    MySQLConnection.setOptions(raw, silence: silence)
    guard MySQLConnection.connect(raw, endpoint) else {
      let error = MySQLConnection.error(of: raw)
      mysql_close(raw)
      throw error
    }
    if case .network(let host, _, _, let addresses) = endpoint.place, !addresses.isEmpty {
      // The library takes no address beside a name to prove, so where the name led is looked at before anything is asked.
      let peer = MySQLConnection.peer(of: mysql_get_socket(raw))
      guard let peer, addresses.contains(peer) else {
        mysql_close(raw)
        throw MySQLError(code: 2005, message: "\(host) led to \(peer ?? "nowhere"), and not to \(addresses.joined(separator: " or "))")
      }
    }
    self.raw = raw
    serverVersion = mysql_get_server_info(raw).map { String(cString: $0) } ?? ""
    socket = mysql_get_socket(raw)
    number = UInt(mysql_thread_id(raw))
    isOpen = Mutex(true)
  }

  deinit { close() }

  /// Ends the connection; repeating it is a no-op.
  package func close() {
    isOpen.withLock { isOpen in
      if isOpen { mysql_close(raw) }
      isOpen = false
    }
  }

  /// Breaks the connection under a call that waits for the server, from any thread. To be called only while somebody holds the connection.
  package func sever() { shutdown(socket, Int32(SHUT_RDWR)) }

  /// Runs one statement that gives nothing back that matters.
  package func execute(_ sql: String) throws(MySQLError) { _ = try query(sql, limit: 0) }

  /// Runs one statement and gives its rows as text, at most `limit` of them. A procedure's further results are read and dropped.
  ///
  /// Where rows were cut off, the connection is broken instead of reading the rest, and good for nothing more.
  package func query(_ sql: String, limit: Int = .max) throws(MySQLError) -> SQLTable {
    var table = SQLTable(columns: [], rows: [])
    try read(sql) { columns in
      table.columns = columns
    } row: { row, lengths in
      guard table.rows.count < limit else {
        // A statement without interest in its rows reads them to the end; whoever wants some is told that there are more.
        table.isCut = limit > 0
        return limit == 0
      }
      table.rows.append(
        table.columns.indices.map { index in
          row[index].map { String(decoding: UnsafeRawBufferPointer(start: $0, count: Int(lengths[index])), as: UTF8.self) }
        })
      return true
    }
    return table
  }

  /// Reads everything that a statement gives and throws it away.
  ///
  /// - Returns: the rows and bytes that came.
  package func drain(_ sql: String) throws(MySQLError) -> (rows: Int64, bytes: Int64) {
    var (rows, bytes) = (Int64(0), Int64(0))
    var width = 0
    try read(sql) {
      width = $0.count
    } row: { _, lengths in
      rows += 1
      for index in 0..<width { bytes += Int64(lengths[index]) }
      return true
    }
    return (rows, bytes)
  }

  private typealias Row = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// Sends a statement and reads its first result; `row` answers whether to go on.
  private func read(
    _ sql: String, columns: ([String]) -> Void, row: (Row, UnsafeMutablePointer<UInt>) -> Bool
  ) throws(MySQLError) {
    var failure: MySQLError? = MySQLError(code: 2006, message: "the connection is closed")
    isOpen.withLock { isOpen in
      guard isOpen else { return }
      failure = nil
      guard mysql_real_query(raw, sql, UInt(sql.utf8.count)) == 0 else {
        failure = MySQLConnection.error(of: raw)
        return
      }
      var isFirst = true
      repeat {
        if let result = mysql_use_result(raw) {
          if isFirst { columns(MySQLConnection.columns(of: result)) }
          let isWhole = MySQLConnection.rows(of: result, isFirst ? row : { _, _ in true })
          if !isWhole { sever() } else if mysql_errno(raw) != 0 { failure = MySQLConnection.error(of: raw) }
          mysql_free_result(result)
          if !isWhole { return }
        } else if mysql_errno(raw) != 0 {
          failure = MySQLConnection.error(of: raw)
        }
        isFirst = false
      } while failure == nil && mysql_next_result(raw) == 0
      if failure == nil, mysql_errno(raw) != 0 { failure = MySQLConnection.error(of: raw) }
    }
    if let failure { throw failure }
  }

  private static func rows(of result: UnsafeMutablePointer<MYSQL_RES>, _ receive: (Row, UnsafeMutablePointer<UInt>) -> Bool) -> Bool {
    while let row = mysql_fetch_row(result) {
      guard let lengths = mysql_fetch_lengths(result) else { return true }
      if !receive(row, lengths) { return false }
    }
    return true
  }
}

extension MySQLConnection {
  /// The library's own preparations, which are not safe to make on two threads at once.
  private static let library = mysql_server_init(0, nil, nil)

  private static func setOptions(_ raw: UnsafeMutablePointer<MYSQL>, silence: Duration) {
    var (no, patience) = (UInt32(0), UInt32(15))
    mysql_options(raw, MYSQL_OPT_LOCAL_INFILE, &no)
    mysql_options(raw, MYSQL_OPT_CONNECT_TIMEOUT, &patience)
    mysql_options(raw, MYSQL_SET_CHARSET_NAME, "utf8mb4")
    var quiet = UInt32(clamping: silence.components.seconds)
    if quiet > 0 {
      mysql_options(raw, MYSQL_OPT_READ_TIMEOUT, &quiet)
      mysql_options(raw, MYSQL_OPT_WRITE_TIMEOUT, &quiet)
    }
  }

  private static func connect(_ raw: UnsafeMutablePointer<MYSQL>, _ endpoint: MySQLEndpoint) -> Bool {
    // The results of procedures come only to a client that says it can take several.
    let flags = UInt(CLIENT_MULTI_RESULTS)
    switch endpoint.place {
    case .socket(let path):
      var kind = MYSQL_PROTOCOL_SOCKET.rawValue
      mysql_options(raw, MYSQL_OPT_PROTOCOL, &kind)
      return mysql_real_connect(raw, nil, endpoint.user, endpoint.password, endpoint.database, 0, path, flags) != nil
    case .network(let host, let port, let authority, _):
      var (kind, yes, isProven) = (MYSQL_PROTOCOL_TCP.rawValue, CChar(1), CChar(authority == nil ? 0 : 1))
      mysql_options(raw, MYSQL_OPT_PROTOCOL, &kind)
      if let authority { mysql_options(raw, MYSQL_OPT_SSL_CA, authority) }
      mysql_options(raw, MYSQL_OPT_SSL_ENFORCE, &yes)
      mysql_options(raw, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &isProven)
      return mysql_real_connect(raw, host, endpoint.user, endpoint.password, endpoint.database, UInt32(port), nil, flags) != nil
    }
  }

  /// The numeric address at the other end.
  private static func peer(of socket: Int32) -> String? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        getpeername(socket, address, &length) == 0 ? HostAddresses.numeric(address, length) : nil
      }
    }
  }

  private static func columns(of result: UnsafeMutablePointer<MYSQL_RES>) -> [String] {
    guard let fields = mysql_fetch_fields(result) else { return [] }
    return (0..<Int(mysql_num_fields(result))).map { index in fields[index].name.map { String(cString: $0) } ?? "" }
  }

  private static func error(of raw: UnsafeMutablePointer<MYSQL>) -> MySQLError {
    let state = mysql_sqlstate(raw).map { String(cString: $0) } ?? "HY000"
    return MySQLError(code: Int(mysql_errno(raw)), sqlState: state, message: mysql_error(raw).map { String(cString: $0) } ?? "")
  }
}
