package import DrillModel
import Synchronization

/// One connection for each way to ask AWS, for as long as the process lives: what a call learns (keys that last, the retry quota, the
/// clock's error) holds for all calls after it. Safe from any thread.
package final class AWSConnections: Sendable {
  package let host: AWSHost
  private let connections = Mutex<[AWSSettings: AWSConnection]>([:])

  package init(host: AWSHost) { self.host = host }

  /// The connection of these settings, made when it is first asked for. Asks nobody.
  package func connection(_ settings: AWSSettings) -> AWSConnection {
    connections.withLock { known in
      if let connection = known[settings] { return connection }
      let connection = AWSConnection(settings, host: host)
      known[settings] = connection
      return connection
    }
  }
}
