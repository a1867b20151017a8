import DrillConfig
package import DrillModel

extension Notice {
  /// A message that tries a channel, marked as a test in every form.
  package static func test(of route: String, at now: Timestamp, token: String, evidence: Evidence, head: ToldLink?) -> Notice {
    var notice = Notice(
      id: "test-\(token)", event: .test, drill: route, toldAt: now, evidence: evidence, command: "drillmark doctor",
      next: "Nothing. Somebody ran `drillmark notify test`.")
    notice.head = head?.hash
    notice.headSequence = head?.sequence
    return notice
  }
}
