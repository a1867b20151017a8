internal import DrillModel

/// What a decompressor's end says of the bytes it was given.
enum DecompressionJudgement {
  case whole
  case note(String)
  case fault(Fault)

  /// Reads the tool's own words (gzip 1.12, zstd 1.5, xz 5.4, bzip2 1.0.8, lz4 1.9), in the C locale.
  init(_ compression: Compression, _ exit: ToolExit, name: String) {
    let text = exit.errorText
    let said = text.split(separator: "\n").map { $0.drop { $0 == " " || $0 == "\t" } }.first { !$0.isEmpty }.map { "\"\($0.prefix(200))\"" }
    let tool = compression.tool
    let has = { (phrase: String) in text.contains(phrase) }
    if has("trailing garbage"), exit.status == .exited(0) || exit.status == .exited(2), !has("crc error"), !has("unexpected end") {
      self = .note(
        "\(name) has bytes after the end of its \(tool) data that are not \(tool), which \(tool) ignored. If it was made of several parts, a damaged one and what follows it are lost"
      )
      return
    }
    if exit.isSuccess {
      self = .whole
      return
    }
    if exit.status == .cancelled || exit.status == .timedOut {
      self = .fault(Fault(.interrupted, "reading \(name) was stopped"))
      return
    }
    let cut = ["unexpected end", "premature end", "Unexpected end of input", "ends unexpectedly", "Unfinished stream", "cannot access"]
    let ours = ["Memory usage limit", "memory", "Cannot allocate", "thread pool", "Window size larger"]
    let detail = said.map { "\(tool) says \($0)" } ?? "\(tool) ended with \(exit.status)"
    if cut.contains(where: has) {
      self = .fault(Fault(.backupTruncated, "\(name) is cut: \(detail)", advice: "The copy or the backup was not finished; make it again"))
    } else if ours.contains(where: has) {
      self = .fault(Fault(.toolFailed, "\(name) could not be decompressed: \(detail)", advice: "It needs more memory than the box gives"))
    } else if case .exited = exit.status {
      self = .fault(
        Fault(.backupDamaged, "\(name) is damaged: \(detail)", advice: "Restore would fail in the same way; use another backup"))
    } else {
      self = .fault(Fault(.toolFailed, "\(tool) was ended by \(exit.status) while it decompressed \(name)"))
    }
  }
}
