/// `3.5.9`: what a release of etcd calls itself.
struct EtcdVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  var major: Int
  var minor: Int
  var patch: Int

  /// Reads the beginning of a text; what follows the three numbers (`-rc.1`) is left out. Nil when it does not begin so.
  init?(_ text: String) {
    let parts = text.split(separator: ".", maxSplits: 2).map { Int($0.prefix { $0.isASCII && $0.isNumber }) }
    guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return nil }
    (self.major, self.minor, patch) = (major, minor, parts.count > 2 ? parts[2] ?? 0 : 0)
  }

  init(_ major: Int, _ minor: Int) { (self.major, self.minor, patch) = (major, minor, 0) }

  static func < (one: EtcdVersion, other: EtcdVersion) -> Bool {
    (one.major, one.minor, one.patch) < (other.major, other.minor, other.patch)
  }

  var description: String { "\(major).\(minor).\(patch)" }
  /// `3.5`
  var release: EtcdVersion { EtcdVersion(major, minor) }
  var releaseText: String { "\(major).\(minor)" }
}
