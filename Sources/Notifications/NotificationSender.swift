package import Alerting
import DrillModel
package import HTTPTransport
package import Ledger

/// Hands one message to one receiver. Blocks its caller: call it on a thread of your own.
///
/// The message keeps its id on every attempt, in a form that the receiver can drop duplicates by. No text of an outcome holds a secret.
package protocol NotificationSender: Sendable {
  /// Gives up when `limit` has passed or `cancellation` is set.
  func send(_ notice: Notice, within limit: Duration, _ cancellation: Cancellation?) -> SendOutcome
}

/// What became of an attempt.
package enum SendOutcome: Sendable, Hashable {
  /// The receiver has acknowledged it; what it said, for people.
  case delivered(String)
  /// It did not go through, and the same can go through later.
  ///
  /// - `maybeSent`: it may have arrived all the same, so that sending it again can deliver it twice.
  /// - `after`: not before this long.
  case later(String, maybeSent: Bool, after: Duration?)
  /// It is refused, and will be until somebody changes something.
  case refused(String, ParkReason)
}

/// How long to wait for what is worth waiting for slowly: credentials that somebody has to renew.
let slowRetry = Duration.seconds(900)

extension HTTPOptions {
  /// Limits of one attempt of up to three that share `limit`.
  static func attempt(within limit: Duration, network: NetworkSettings, _ cancellation: Cancellation?) -> HTTPOptions {
    var options = HTTPOptions()
    options.timeout = max(.seconds(2), min(.seconds(20), limit / 3))
    options.connectTimeout = min(.seconds(10), options.timeout)
    options.bodyLimit = 1 << 16
    options.network = network
    options.cancellation = cancellation
    return options
  }
}
