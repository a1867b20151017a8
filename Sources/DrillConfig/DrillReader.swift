import DrillModel

/// Reads a drill file's tree into a configured drill. Everything wrong is reported before it gives up.
struct DrillReader<Engine: Sendable, Source: Sendable, Check: Sendable> {
  typealias Loaded = LoadedDrill<Engine, Source, Check>

  let vocabulary: Vocabulary<Engine, Source, Check>
  let tiers: TierTable
  /// The site's `scratch.durability`, for drills that say nothing.
  let durability: Durability
  /// The site's `aws`.
  var aws = AWSSettings()

  static var partNames: [String] { ["backup", "restore", "checks"] }

  func read(_ node: ConfigNode, _ diagnostics: inout Diagnostics) -> Loaded? {
    guard node.entries != nil else { return diagnostics.expected("the keys of a drill", at: node) }
    let before = diagnostics.errorCount
    let options = drillKeys.read(node, &diagnostics, into: DrillOptions(), alongside: DrillReader.partNames)
    let name = node.entry("drill")?.value.scalar?.text ?? ""
    let backup = part("backup", "where the backups lie", of: node, &diagnostics).flatMap { self.backup($0, name, &diagnostics) }
    let restore = part("restore", "the engine that restores them", of: node, &diagnostics).flatMap {
      self.restore($0, name, &diagnostics)
    }
    let checks = node.entry("checks").map { CheckReader(kinds: vocabulary.checks, drill: name).read($0.value, &diagnostics) } ?? []
    if let restore {
      reportMisfits(restore.engine, checks, &diagnostics)
      reportLogs(restore.engine, node, &diagnostics)
    }
    reportTier(node, &diagnostics)
    if node.entry("checks").map({ $0.value.items?.isEmpty ?? false }) ?? true {
      diagnostics.warning("the drill has no checks, so that no run of it can pass", at: node.place, suggestion: "add a list of checks")
    }
    guard let options, let backup, let restore, diagnostics.errorCount == before else { return nil }
    return Loaded(
      file: node.file, place: node.entry("drill")?.value.place ?? node.place, drill: drill(options, backup.options, restore.durability),
      location: backup.location, sourceName: backup.name, source: backup.source, logs: backup.logs, engineName: restore.name,
      engine: restore.engine, checks: checks)
  }

  private func part(_ key: String, _ meaning: String, of node: ConfigNode, _ diagnostics: inout Diagnostics) -> ConfigNode? {
    if let entry = node.entry(key) { return entry.value }
    diagnostics.error("the key \(key) is missing: \(meaning)", at: node.place)
    return nil
  }

  private func drill(_ options: DrillOptions, _ backup: BackupOptions, _ restoreDurability: Durability?) -> Drill {
    var drill = Drill(name: options.name ?? "")
    drill.description = options.description
    drill.owner = options.owner
    drill.tier = options.tier
    let own = options.objectives.merged(over: options.governing)
    drill.objectives = options.tier.flatMap { tiers.objectives[$0] }.map { own.merged(over: $0) } ?? own
    drill.schedule = options.schedule
    drill.failureInstant = options.failureInstant
    drill.rules = backup.rules(duration: options.duration, clockSkew: options.clockSkew)
    drill.durability = options.scratch.durability ?? restoreDurability ?? durability
    drill.limits = options.limits
    drill.deadlines = options.deadlines
    drill.checkTimeout = options.checkTimeout ?? drill.checkTimeout
    return drill
  }

  private func reportTier(_ node: ConfigNode, _ diagnostics: inout Diagnostics) {
    // Of a site file that cannot be read that is told, and not once more for each drill.
    guard tiers.isRead, let value = node.entry("tier")?.value, let tier = value.scalar?.text, !value.isNull, !tiers.names.contains(tier)
    else { return }
    let near = nearestName(to: tier, among: tiers.names)
    let known = tiers.names.isEmpty ? "the site file declares no tiers" : "tiers of the site: \(tiers.names.joined(separator: ", "))"
    diagnostics.error("there is no tier \(quoted(tier))", at: value.place, suggestion: near.map { "did you mean \($0)?" } ?? known)
  }

  private func reportLogs(_ engine: Engine, _ node: ConfigNode, _ diagnostics: inout Diagnostics) {
    guard let logs = node.entry("backup")?.value.entry("logs"), let refusal = vocabulary.refusesLogs(engine) else { return }
    diagnostics.error(refusal, at: logs.keyPlace)
  }

  private func reportMisfits(_ engine: Engine, _ checks: [LoadedCheck<Check>], _ diagnostics: inout Diagnostics) {
    for check in checks {
      if let misfit = vocabulary.misfit(engine, check.check) { diagnostics.error(misfit, at: check.place) }
    }
  }
}

/// The tiers of a site: the names that drills may use, and the objectives of those that are valid.
struct TierTable: Sendable {
  var names: [String] = []
  var objectives: [String: DrillObjectives] = [:]
  /// Whether the site file says which tiers there are.
  var isRead = true
}

extension DrillReader {
  private typealias Backup = (options: BackupOptions, location: BackupLocation, name: String, source: Source, logs: Source?)
  private typealias Store = (options: BackupOptions, location: BackupLocation, name: String, source: Source)
  private typealias Restore = (name: String, engine: Engine, durability: Durability?)

  private func backup(_ node: ConfigNode, _ drill: String, _ diagnostics: inout Diagnostics) -> Backup? {
    let store = self.store(node, backupKeys, alongside: ["logs"], drill, &diagnostics)
    guard let second = node.entry("logs")?.value, !(second.scalar?.isNull ?? false) else {
      return store.map { ($0.options, $0.location, $0.name, $0.source, nil) }
    }
    let logs = self.store(second, logKeys, alongside: [], drill, &diagnostics)
    guard let store, let logs else { return nil }
    return (store.options, store.location, store.name, store.source, logs.source)
  }

  /// The source is chosen by the scheme; with an unknown one, keys are judged against every source's.
  private func store(
    _ node: ConfigNode, _ common: Section<BackupOptions>, alongside others: [String], _ drill: String,
    _ diagnostics: inout Diagnostics
  ) -> Store? {
    guard let entries = node.entries else { return diagnostics.expected("a mapping such as {from: /backups}", at: node) }
    let options = common.read(node, &diagnostics, into: BackupOptions(), alongside: nil)
    var probe = Diagnostics()
    let location = node.entry("from").flatMap { ValueType<BackupLocation>.backupLocation.read($0.value, &probe) }
    let kind = location.flatMap { location in vocabulary.sources.first { $0.schemes.contains(location.scheme) } }
    let owned = kind.map(\.names) ?? vocabulary.sources.flatMap(\.names)
    let isKnown = reportUnknownKeys(entries, known: common.names + others + owned, &diagnostics)
    guard let location else { return nil }
    guard let kind else {
      let known = vocabulary.sources.flatMap(\.schemes).map { $0 == "file" ? "a path, file://" : BackupLocation.written($0) }
      let hint = "what can be read: \(known.joined(separator: ", "))"
      let place = node.entry("from")?.value.place ?? node.place
      diagnostics.error("nothing here reads backups from \(quoted(BackupLocation.written(location.scheme)))", at: place, suggestion: hint)
      return nil
    }
    var context = ReadContext(drill: drill, node: node, aws: aws, diagnostics: diagnostics)
    let source = kind.read(location, &context)
    diagnostics = context.diagnostics
    guard let options, let source, isKnown else { return nil }
    return (options, location, kind.name, source)
  }

  private func restore(_ node: ConfigNode, _ drill: String, _ diagnostics: inout Diagnostics) -> Restore? {
    let names = vocabulary.engines.map(\.name)
    guard node.entries != nil else { return diagnostics.expected("a mapping such as {engine: \(names.first ?? "files")}", at: node) }
    guard let engine = node.entry("engine")?.value else {
      diagnostics.error("the key engine is missing: one of \(alternatives(names))", at: node.place)
      return nil
    }
    let kinds = Dictionary(uniqueKeysWithValues: vocabulary.engines.map { ($0.name, $0) })
    guard let kind = ValueType.choice(of: kinds, named: names).read(engine, &diagnostics) else { return nil }
    var scratch = ScratchOptions()
    if let own = node.entry("scratch")?.value { scratch = scratchKeys.read(own, &diagnostics, into: scratch) ?? scratch }
    var context = ReadContext(drill: drill, node: node, aws: aws, diagnostics: diagnostics)
    let product = kind.read(&context, ["engine", "scratch"])
    diagnostics = context.diagnostics
    return product.map { (kind.name, $0, scratch.durability) }
  }
}
