import DrillModel

/// A drill file's keys as far as they need no engine, source or check to be understood.
struct DrillOptions: Sendable {
  var name: String?
  var description: String?
  var owner: String?
  var tier: String?
  var objectives = DrillObjectives()
  /// `rpo-basis` and the like at the top of the file.
  var governing = DrillObjectives()
  var schedule: DrillSchedule?
  var failureInstant: Timestamp?
  var clockSkew: Duration?
  var duration: Duration?
  var scratch = ScratchOptions()
  var limits = UnpackLimits()
  var deadlines = PhaseDeadlines()
  var checkTimeout: Duration?
}

/// `scratch` of a drill, at the top or in `restore`.
struct ScratchOptions: Sendable {
  var durability: Durability?
}

let scratchKeys = Section<ScratchOptions>([
  Key(
    "durability", \.durability, .choice(), default: "production",
    "`relaxed` turns syncing to disk off: faster, and the recovery time is then not comparable.")
])

let limitKeys = Section<UnpackLimits>([
  Key("bytes", \.bytes, .byteSize, "Bytes that unpacking may write; without it only the free space to be kept limits it."),
  Key("entries", \.entries, .integer(1...Int.max), default: "10000000", "Files, directories and links in an archive."),
  Key("ratio", \.ratio, .integer(1...Int.max), default: "2000", "Unpacked bytes for each packed byte, judged once 1 GiB has come out."),
])

let deadlineKeys = Section<PhaseDeadlines>(
  PhaseName.allCases.map { phase in
    let fallback = compact(PhaseDeadlines()[phase])
    return Key(phase.rawValue, .positiveDuration, default: fallback, "The longest that \(phase.rawValue) may take.") {
      $1.limits[phase] = $0
    }
  })

private func compact(_ duration: Duration) -> String {
  let seconds = duration.inMilliseconds / 1000
  return seconds % 3600 == 0 ? "\(seconds / 3600)h" : "\(seconds / 60)m"
}

let drillKeys = Section<DrillOptions>(
  [
    Key("drill", \.name, .drillName, required: true, "The drill's name, unique in the site."),
    Key("description", \.description, .string, "What is exercised, for people."),
    Key("owner", \.owner, .string, "Who answers for the backup."),
    Key("tier", \.tier, .nonEmptyString, "A tier of the site file, whose objectives hold where the drill has none of its own."),
    Key(
      "objectives", \.objectives, .section(objectiveKeys, initial: DrillObjectives()), "What is promised; each key overrides the tier's."),
    Key("schedule", \.schedule, .schedule, "When the drill runs by itself; without it only when asked."),
    Key("failure-instant", \.failureInstant, .timestamp, default: "the run's start", "The moment of the simulated disaster."),
    Key("clock-skew", \.clockSkew, .duration, default: "5m", clockSkewText),
    Key("duration", \.duration, .duration, default: "0", durationText),
    Key("scratch", \.scratch, .section(scratchKeys, initial: ScratchOptions()), "The scratch target."),
    Key("limits", \.limits, .section(limitKeys, initial: UnpackLimits()), "Bounds on what a backup may unpack to."),
    Key("deadlines", \.deadlines, .section(deadlineKeys, initial: PhaseDeadlines()), "The longest that each phase may take."),
    Key(
      "check-timeout", \.checkTimeout, .positiveDuration, default: "30m", "The longest that one check may take, unless it says otherwise."),
  ]
    + governingKeys.map { key in
      Key<DrillOptions>(lifting: key, to: \.governing, "\(key.row.documentation) May stand here or in `objectives`.")
    },
  rules: governingKeys.map { .once([$0.row.name], ["objectives", $0.row.name]) } + [
    .once(["clock-skew"], ["backup", "clock-skew"]), .once(["duration"], ["backup", "duration"]),
    .once(["scratch", "durability"], ["restore", "scratch", "durability"]), .once(["failure-instant"], ["backup", "select", "at"]),
  ])

extension ValueType where Value == String {
  /// Any text of at most 10 kB that shows something. It is never used as a path, in SQL or in a command.
  static var drillName: ValueType<String> {
    let schema: SchemaJSON = ["type": "string", "pattern": "[^\\s\\u0000-\\u001f\\u007f-\\u009f]", "maxLength": 10240]
    return ValueType(summary: "text", schema: schema) { node, diagnostics in
      guard let name = text(of: node, expected: "a name", &diagnostics) else { return nil }
      let isVisible = name.unicodeScalars.contains {
        !$0.properties.isWhitespace && $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
      }
      if !isVisible { return diagnostics.expected("a name that can be seen", at: node) }
      if name.utf8.count > 10240 { return diagnostics.expected("a name of at most 10240 bytes", at: node) }
      return name
    }
  }
}
