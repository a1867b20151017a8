import AWSClient
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Selecting
import SourceS3

/// A bucket of its own on a moto that all tests share.
final class S3Place: SourceFixture {
  let bucket = "place-\(UUID().uuidString.lowercased())"
  let moto: MotoServer
  private var keys: [String] = []

  private static let shared = Task { await MotoServer() }

  init() async throws {
    guard let moto = await S3Place.shared.value else { throw Fault(.toolMissing, "moto does not start") }
    self.moto = moto
    moto.makeBucket(bucket)
  }

  func put(_ name: String, _ bytes: [UInt8]) throws { try put(name, bytes, headers: []) }

  func put(_ name: String, _ bytes: [UInt8], headers: [(String, String)]) throws {
    keys.append(name)
    if !moto.put(bucket, name, bytes, headers: headers) { throw Fault(.toolFailed, "moto did not take \(name)") }
  }

  /// Moto takes no line break in a path, which S3 does; that is tried against a scripted server.
  func takes(_ name: String) -> Bool { !name.contains { $0.isNewline } }

  func remove(_ name: String) throws { moto.removeObject(bucket, name) }

  func removePlace() throws {
    for key in keys { moto.removeObject(bucket, key) }
    moto.removeBucket(bucket)
  }

  func source(match: String?) throws -> any BackupSource { try s3(match: match) }

  func s3(key: String = "", match: String? = nil) throws -> S3Source {
    try S3Source(
      S3Bucket(bucket, region: "us-east-1"), key: key, match: match.map(NamePattern.init), transfer: .hasty,
      connection: S3Place.connection(to: moto.url))
  }

  /// Asks a server with a key that it may or may not look at.
  static func connection(to url: String) -> AWSConnection {
    let environment = ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"]
    var host = AWSHost(environment: environment, clocks: SteppedClocks(Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))))
    host.readFile = { _ in nil }
    return AWSConnection(AWSSettings(endpoint: url), host: host)
  }
}

extension S3Transfer {
  /// Small parts, so that small objects have many, and little patience.
  static var hasty: S3Transfer {
    var transfer = S3Transfer()
    transfer.partBytes = 64 << 10
    transfer.buffers = 4
    transfer.connections = 4
    transfer.patience = .milliseconds(400)
    return transfer
  }
}
