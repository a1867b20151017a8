package import AWSClient
import DrillModel
package import HTTPTransport
import ToolRunner

/// Asks AWS on a thread of its own, since its clients block. Cancelling ends the exchange that runs.
///
/// - Parameter ask: Is given what its client works with.
/// - Throws: what `ask` throws.
package func askAWS<T: Sendable>(
  _ ask: @escaping @Sendable (_ http: any HTTPExchanging, _ options: HTTPOptions) throws -> T
) async throws -> T {
  let cancellation = Cancellation()
  return try await withTaskCancellationHandler {
    try Task.checkCancellation()
    return try await onThread("aws") {
      var options = HTTPOptions()
      options.cancellation = cancellation
      return try ask(try HTTPClient(), options)
    }
  } onCancel: {
    cancellation.cancel()
  }
}

/// Whose credentials a connection uses, asked in a region.
///
/// - Throws: `Fault` with code `credentials`, `permission_denied` or `source_unreachable`.
package func callerIdentity(_ connection: AWSConnection, region: String) async throws -> CallerIdentity {
  do { return try await rawCallerIdentity(connection, region: region) } catch let failure as AWSFailure {
    throw failure.fault(during: "asking AWS whose credentials these are", action: "sts:GetCallerIdentity", else: .credentials)
  }
}

/// The same for a caller that waits out what can pass.
///
/// - Throws: `AWSFailure`; `Fault` with code `source_unreachable` for an answer that is not AWS's.
package func rawCallerIdentity(_ connection: AWSConnection, region: String) async throws -> CallerIdentity {
  let identity = try await askAWS { http, _ in try STSClient(connection, region: region, http: http).callerIdentity() }
  guard identity.account.wholeMatch(of: /[0-9]{12}/) != nil else {
    throw Fault(.sourceUnreachable, "STS names no account of twelve digits", advice: "Is the endpoint really AWS's?")
  }
  return identity
}

/// The account that a run's calls go to, found out before anything is made; nil where only the recovery point will say the region.
///
/// - Throws: `Fault` with code `credentials` when there are none, and what `callerIdentity` throws.
package func presentAccount(_ connection: AWSConnection) async throws -> String? {
  let region = try await onThread("aws region") { () -> String? in
    _ = try connection.credentials()
    return try connection.region()
  }
  guard let region else { return nil }
  return try await callerIdentity(connection, region: region).account
}
