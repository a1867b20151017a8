internal import DrillModel
internal import Foundation
internal import GRDB

/// A sealed record that somebody kept outside the ledger.
struct KeptRecord {
  private let data: Data
  private let object: [String: Any]?
  private let run: String?

  init(_ data: Data) {
    self.data = data
    object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
    run = object?["run"] as? String
  }

  /// Adds what differs between this record and the ledger's.
  func compare(with db: Database, _ report: inout AuditReport) throws {
    guard let object, let run else {
      report.add(AuditFinding("a record that was given is no JSON object with a run"))
      return
    }
    guard let entry = try Entry.sealed(run, db) else {
      let sequence = ((object["chain"] as? [String: Any])?["sequence"] as? NSNumber)?.int64Value
      report.add(AuditFinding("it was sealed, as a record kept elsewhere shows, and is not in the ledger", sequence: sequence, run: run))
      return
    }
    if let sealed = try? SealedRecord(entry), Data(sealed.jsonLine.utf8) == data { return }
    let keys = differingKeys(object, entry)
    guard !keys.isEmpty else { return }
    let list = keys.joined(separator: ", ")
    report.add(AuditFinding("differs from the record kept elsewhere in \(list)", sequence: entry.sequence, run: run))
  }

  // Formatting may differ; values may not.
  private func differingKeys(_ kept: [String: Any], _ entry: Entry) -> [String] {
    guard var sealed = (try? JSONSerialization.jsonObject(with: Data(entry.body))) as? [String: Any] else { return ["everything"] }
    let link = entry.link
    sealed["chain"] = ["hash": link.hash, "previous": link.previous, "sequence": NSNumber(value: link.sequence)] as [String: Any]
    var keys: [String] = []
    for key in Set(kept.keys).union(sealed.keys).sorted() where !isEqual(kept[key], sealed[key]) { keys.append(key) }
    return keys
  }

  private func isEqual(_ left: Any?, _ right: Any?) -> Bool {
    switch (left, right) {
    case (let left as [String: Any], let right as [String: Any]):
      left.count == right.count && left.keys.allSatisfy { isEqual(left[$0], right[$0]) }
    case (let left as [Any], let right as [Any]): left.count == right.count && zip(left, right).allSatisfy { isEqual($0, $1) }
    case (let left as String, let right as String): left.utf8.elementsEqual(right.utf8)
    case (let left as NSNumber, let right as NSNumber): left == right
    case (is NSNull, is NSNull): true
    default: false
    }
  }
}
