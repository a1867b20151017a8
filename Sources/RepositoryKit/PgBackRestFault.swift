import DrillModel
import ToolRunner

/// What an error of pgBackRest means for a drill. Its codes are those of its error.yaml, printed as `ERROR: [026]: …`.
enum PgBackRestFault {
  /// - Parameters:
  ///   - doing: What failed, for people: `restoring 20261121-102209F`.
  ///   - said: All that it printed of it.
  ///   - code: Its exit status.
  ///   - isOpen: Whether the repository was read before, so that its key is the right one.
  static func fault(doing: String, said: String, code: Int32, _ configuration: PgBackRestConfiguration, isOpen: Bool) -> Fault {
    let words = quoted(said, configuration.secrets)
    let place = configuration.place
    if said.contains("No space left on device") {
      return Fault(.noSpace, "the scratch file system is full while \(doing): \(words)", advice: "Free some space")
    }
    if said.contains("Permission denied") {
      return Fault(
        .permissionDenied, "pgBackRest may not read its repository while \(doing): \(words)",
        advice: "Let the repository's group or drillmark's user read it; pgBackRest makes directories 0750 and files 0640 by itself")
    }
    if isNetwork(said, code) {
      let isRefused = said.contains("403") || said.contains("401") || said.contains("InvalidAccessKeyId")
      return Fault(
        isRefused ? .credentials : .sourceUnreachable, "the repository cannot be reached while \(doing): \(words)",
        advice: isRefused ? "Check the keys in \(place), and what they allow" : "Check the network and \(place)", isTransient: !isRefused)
    }
    // A wrong key gives bytes that begin like no file of pgBackRest's.
    let isNonsense = !isOpen && configuration.isEncrypted && said.contains("FormatError")
    if said.contains("CryptoError") || code == 95 || isNonsense {
      guard isOpen else {
        return Fault(
          .credentials, "the repository cannot be decrypted: \(words)",
          advice: "Check repo-cipher-type and repo-cipher-pass in \(place): the pass phrase is another, or the repository is not encrypted")
      }
      return damaged(doing, words)
    }
    if [26, 28, 29].contains(code) || ["FormatError", "ChecksumError", "FileInvalidError"].contains(where: said.contains) {
      return damaged(doing, words)
    }
    if (27...37).contains(code) || code == 43 || code == 57 {
      return Fault(.configuration, "pgBackRest refuses its configuration while \(doing): \(words)", advice: "Check \(place)")
    }
    if code == 55 || code == 73 || code == 75 || said.contains("FileMissingError") {
      return Fault(
        .restoreFailed, "something of the backup is missing in the repository while \(doing): \(words)",
        advice: "Find out what removed it, and take a new full backup; `pgbackrest verify` lists all that is missing")
    }
    return Fault(
      .restoreFailed, "pgBackRest failed while \(doing): \(words)",
      advice: "Run `drillmark log` for all it said; by hand it would fail alike")
  }

  /// How a tool that did not end by itself is told.
  static func ended(_ status: ToolExit.Status, doing: String, tool: String) -> Fault? {
    switch status {
    case .exited: nil
    case .cancelled: Fault(.interrupted, "\(tool) was stopped while \(doing)")
    case .timedOut:
      Fault(
        .sourceUnreachable, "\(tool) did not end in time while \(doing)", advice: "Check its repository, and try it by hand",
        isTransient: true)
    case .signalled(let signal):
      Fault(
        .toolFailed, "\(tool) was killed by signal \(signal) while \(doing)",
        advice: "Look whether the host ran out of memory (journalctl -k)")
    }
  }

  private static func damaged(_ doing: String, _ words: String) -> Fault {
    Fault(
      .backupDamaged, "the repository is damaged: \(doing) failed: \(words)",
      advice: "Take a new full backup, look at the storage, and let `pgbackrest verify` name all that is damaged")
  }

  private static func isNetwork(_ said: String, _ code: Int32) -> Bool {
    [49, 101, 102].contains(code)
      || ["HostConnectError", "ServiceError", "HTTP request failed", "unable to get address", "TLS error"].contains(where: said.contains)
  }

  /// The error's own lines, without the time and process before them and without secrets.
  static func quoted(_ said: String, _ secrets: [String]) -> String {
    let lines = said.split(whereSeparator: \.isNewline).filter { !$0.contains(" INFO: ") && !$0.contains(" WARN: ") }
    let from = lines.firstIndex { $0.contains("ERROR: [") } ?? lines.startIndex
    let text = lines[from...].prefix(6).joined(separator: " ")
    let shown = text.firstRange(of: "ERROR: [").map { String(text[$0.lowerBound...]) } ?? text
    var redactor = Redactor(secrets: secrets)
    let bytes = redactor.process(Array(shown.utf8)) + redactor.finish()
    return InertText.line(String(decoding: bytes, as: UTF8.self), limit: 400)
  }
}
