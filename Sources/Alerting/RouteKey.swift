import Digesting
package import DrillConfig

/// The name under which messages to a receiver are kept: stable over restarts and edits of the list, and never a secret.
package enum RouteKey {
  /// The channel's name, or its kind and receiver. A URL is known by its host and a digest, because its path may be a secret.
  package static func of(_ route: NotificationRoute) -> String {
    if let name = route.name { return name }
    switch route.channel {
    case .sns(let target): return "sns:\(target.topic)"
    case .mail(let target):
      let list = target.to.sorted().joined(separator: ",")
      return list.utf8.count <= 120 ? "mail:\(list)" : "mail:\(target.to.sorted()[0])+\(target.to.count - 1)#\(digest(list))"
    case .webhook(let target): return "webhook:\(place(target.url))"
    case .cloudwatch(let target):
      let more = [target.region, target.profile, target.endpoint]
      let isPlain = more.allSatisfy { $0 == nil }
      return "cloudwatch:\(target.namespace)" + (isPlain ? "" : "#\(digest(more.map { $0 ?? "" }.joined(separator: "\0")))")
    }
  }

  private static func place(_ location: WebhookTarget.Location) -> String {
    switch location {
    case .literal(let url):
      let host = url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first.map(String.init) ?? ""
      return "\(host.prefix { $0 != "?" && $0 != "#" })#\(digest(url))"
    case .secret(.env(let name)): return "env:\(name)"
    case .secret(.file(let path)): return "file:\(path)"
    case .secret(.command(let words)): return "command#\(digest(words.joined(separator: "\0")))"
    }
  }

  private static func digest(_ text: String) -> String { String(Hexadecimal.encode(SHA256.digest(of: text.utf8)).prefix(8)) }
}
