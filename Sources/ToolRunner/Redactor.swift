/// Replaces known secrets in a stream, also where one spans the pieces that the stream comes in.
package struct Redactor: Sendable {
  /// What stands for a secret.
  package static let mark = "[redacted]"
  /// A shorter value is not looked for: replacing it would make text unreadable and hide nothing that is hard to guess.
  package static let shortest = 4

  private let secrets: [[UInt8]]
  private let begins: [Bool]
  private var held: [UInt8] = []

  /// Each line of a secret of several lines (a private key) is a secret too, since a tool may print one of them.
  package init(secrets: [String]) {
    let lines = secrets.flatMap { [$0] + $0.split(separator: "\n").map(String.init).filter { $0.utf8.count >= 16 } }
    let known = Set(lines.map { Array($0.utf8) }.filter { $0.count >= Redactor.shortest })
    self.secrets = known.sorted { $0.count > $1.count }
    var begins = [Bool](repeating: false, count: 256)
    for secret in known { begins[Int(secret[0])] = true }
    self.begins = begins
  }

  /// Takes the next bytes and gives those that can be shown; the beginning of what may be a secret is held back.
  package mutating func process(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    secrets.isEmpty ? Array(bytes) : scan(held + bytes, isWhole: false)
  }

  /// Gives what was held back, once nothing more comes.
  package mutating func finish() -> [UInt8] { scan(held, isWhole: true) }

  private mutating func scan(_ all: [UInt8], isWhole: Bool) -> [UInt8] {
    var shown: [UInt8] = []
    shown.reserveCapacity(all.count)
    var index = 0
    while index < all.count {
      guard begins[Int(all[index])] else {
        shown.append(all[index])
        index += 1
        continue
      }
      switch match(all, at: index, isWhole: isWhole) {
      case .whole(let length):
        shown += Redactor.mark.utf8
        index += length
      case .beginning:
        held = Array(all[index...])
        return shown
      case .nothing:
        shown.append(all[index])
        index += 1
      }
    }
    held = []
    return shown
  }

  private enum Match {
    case whole(Int)
    case beginning
    case nothing
  }

  /// The longest secret wins, so that of two with a common beginning none is shown in part.
  private func match(_ all: [UInt8], at index: Int, isWhole: Bool) -> Match {
    let rest = all[index...]
    for secret in secrets {
      if rest.count < secret.count {
        if !isWhole, secret.starts(with: rest) { return .beginning }
      } else if rest.starts(with: secret) {
        return .whole(secret.count)
      }
    }
    return .nothing
  }
}
