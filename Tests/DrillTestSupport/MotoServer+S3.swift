import Foundation

extension MotoServer {
  /// Makes a bucket. Before `requireSignatures` only, as everything here.
  package func makeBucket(_ name: String) { _ = store("PUT", "/\(name)") }

  package func removeBucket(_ name: String) { _ = store("DELETE", "/\(name)") }

  /// Has a bucket keep every version of its objects from now on.
  package func keepVersions(_ bucket: String) {
    let wanted = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    _ = store("PUT", "/\(bucket)?versioning", bytes: Array(wanted.utf8))
  }

  /// Stores an object under any key.
  @discardableResult
  package func put(_ bucket: String, _ key: String, _ bytes: [UInt8], headers: [(String, String)] = []) -> Bool {
    store("PUT", path(bucket, key), headers, bytes: bytes)?.status == 200
  }

  package func removeObject(_ bucket: String, _ key: String) { _ = store("DELETE", path(bucket, key)) }

  private func path(_ bucket: String, _ key: String) -> String {
    let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")
    return "/\(bucket)/\(key.addingPercentEncoding(withAllowedCharacters: plain) ?? key)"
  }

  /// Unsigned; the header only tells moto which service is meant.
  private func store(_ method: String, _ path: String, _ headers: [(String, String)] = [], bytes: [UInt8] = []) -> (
    status: Int, body: String
  )? {
    let scope = "AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none"
    return LoopbackHTTP.exchange(port: port, method, path, headers: [("Authorization", scope)] + headers, bytes: bytes)
  }
}
