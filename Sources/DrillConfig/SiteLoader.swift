import DrillModel

/// Everything read from a site.
package struct LoadResult<Engine: Sendable, Source: Sendable, Check: Sendable>: Sendable {
  /// Nil when the site file is wrong: nothing can be run then, because the ledger may lie elsewhere.
  package var site: Site?
  /// The valid drills in the order of their files; they can be run whatever is wrong in other files.
  package var drills: [LoadedDrill<Engine, Source, Check>]
  package var diagnostics: Diagnostics
}

/// Reads `drillmark.yaml` and the drill files beside it.
package struct SiteLoader<Engine: Sendable, Source: Sendable, Check: Sendable>: Sendable {
  package typealias Loaded = LoadedDrill<Engine, Source, Check>
  package typealias Result = LoadResult<Engine, Source, Check>

  private let vocabulary: Vocabulary<Engine, Source, Check>
  private let workingDirectory: String

  /// - Parameter workingDirectory: Absolute; where relative paths of the command line start.
  package init(vocabulary: Vocabulary<Engine, Source, Check>, workingDirectory: String) {
    self.vocabulary = vocabulary
    self.workingDirectory = workingDirectory
  }

  /// Reads the site that `path` names: a site file, or the directory of one. Nil means the working directory.
  ///
  /// Without a `drillmark.yaml` the usual settings hold. Nothing is thrown: all that is wrong is in the diagnostics.
  package func load(_ path: String?) -> Result {
    let root = path ?? ""
    if path == nil || isDirectory(absolute(root)) { return load(siteFile: join(root, "drillmark.yaml"), isOptional: true) }
    return load(siteFile: root, isOptional: false)
  }

  /// Reads what `path` names: a site as `load` does, or one drill file together with the site it belongs to.
  ///
  /// A file is a drill when it lies in a directory `drills` or has the key `drill` or `backup`.
  package func load(validating path: String) -> Result {
    if isDirectory(absolute(path)) || !isDrillFile(path) { return load(path) }
    let parent = parentPath(path)
    let root = lastName(absolute(parent)) == "drills" ? join(parent, "..") : parent
    var diagnostics = Diagnostics()
    let (site, tiers) = readSite(join(root, "drillmark.yaml"), isOptional: true, &diagnostics)
    let drill = readDrill(path, tiers, site, &diagnostics)
    return Result(site: site, drills: drill.map { [$0] } ?? [], diagnostics: diagnostics)
  }

  private func isDrillFile(_ path: String) -> Bool {
    if lastName(parentPath(absolute(path))) == "drills" { return true }
    var ignored = Diagnostics()
    let node = (try? contents(ofFile: absolute(path))).flatMap { YAMLDocument.read($0, file: file(path), &ignored) }
    return node.map { $0.entry("drill") != nil || $0.entry("backup") != nil } ?? false
  }

  private func load(siteFile path: String, isOptional: Bool) -> Result {
    var diagnostics = Diagnostics()
    let drills = join(parentPath(path), "drills")
    var (site, tiers) = readSite(path, isOptional: isOptional, &diagnostics)
    var names: [String] = []
    do throws(UnreadableFile) {
      names = try drillFileNames(in: absolute(drills))
    } catch {
      if !error.isMissing {
        diagnostics.error(error.message, in: drills)
      } else if isOptional, !exists(path) {
        diagnostics.error("there is neither a drillmark.yaml nor a directory drills here", in: shown(parentPath(path)), suggestion: makeOne)
        site = nil
      }
    }
    var loaded = names.compactMap { readDrill(join(drills, $0), tiers, site, &diagnostics) }
    refuseSharedNames(&loaded, &diagnostics)
    return Result(site: site, drills: loaded, diagnostics: diagnostics)
  }

  private var makeOne: String { "drillmark init makes a site to start from; --config names one that is elsewhere" }

  private func refuseSharedNames(_ drills: inout [Loaded], _ diagnostics: inout Diagnostics) {
    let groups = Dictionary(grouping: drills, by: \.drill.name).filter { $1.count > 1 }
    for drill in drills {
      guard let group = groups[drill.drill.name], let other = group.first(where: { $0.file.shown != drill.file.shown }) else { continue }
      diagnostics.error(
        "the drill \(quoted(drill.drill.name)) is also declared in \(other.file.shown):\(other.place.line)", at: drill.place)
    }
    drills.removeAll { groups[$0.drill.name] != nil }
  }

  /// The site, or nil when its file is wrong, and the tiers as far as they could be read.
  private func readSite(_ path: String, isOptional: Bool, _ diagnostics: inout Diagnostics) -> (Site?, TierTable) {
    let file = file(path)
    let usual = Site(directory: file.directory)
    do throws(UnreadableFile) {
      let bytes = try contents(ofFile: absolute(path))
      let before = diagnostics.errorCount
      guard let node = YAMLDocument.read(bytes, file: file, &diagnostics) else { return (nil, TierTable(isRead: false)) }
      let site = siteKeys.read(node, &diagnostics, into: usual)
      let declared = node.entry("tiers")?.value
      var tiers = TierTable(names: (declared?.entries ?? []).map(\.key))
      tiers.isRead = declared.map { $0.entries != nil || $0.isNull } ?? (node.entries != nil || node.isNull)
      tiers.objectives = site?.tiers ?? [:]
      return (diagnostics.errorCount == before ? site : nil, tiers)
    } catch {
      if isOptional, error.isMissing { return (usual, TierTable()) }
      diagnostics.error(error.message, in: file.shown, suggestion: error.isMissing ? makeOne : nil)
      return (nil, TierTable(isRead: false))
    }
  }

  private func readDrill(_ path: String, _ tiers: TierTable, _ site: Site?, _ diagnostics: inout Diagnostics) -> Loaded? {
    let file = file(path)
    do throws(UnreadableFile) {
      let bytes = try contents(ofFile: absolute(path))
      var own = Diagnostics()
      let reader = DrillReader(
        vocabulary: vocabulary, tiers: tiers, durability: site?.scratch.durability ?? .production, aws: site?.aws ?? AWSSettings())
      let drill = YAMLDocument.read(bytes, file: file, &own).flatMap { reader.read($0, &own) }
      diagnostics.add(contentsOf: own)
      return own.hasErrors ? nil : drill
    } catch {
      diagnostics.error(error.message, in: file.shown)
      return nil
    }
  }

  private func file(_ path: String) -> ConfigFile {
    ConfigFile(shown: shown(path), directory: ConfigFile(shown: "", directory: workingDirectory).resolve(parentPath(path)))
  }

  private func shown(_ path: String) -> String { path.isEmpty ? "." : path }
  private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(workingDirectory)/\(path)" }

  private func exists(_ path: String) -> Bool {
    do throws(UnreadableFile) {
      _ = try contents(ofFile: absolute(path))
      return true
    } catch {
      return !error.isMissing
    }
  }
}

/// `directory/name`, as people write it: nothing is put before a name in the working directory.
private func join(_ directory: String, _ name: String) -> String {
  if directory.isEmpty || directory == "." { return name }
  return directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
}

/// What stands before the last `/`, without it; empty for a bare name.
private func parentPath(_ path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "" }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

private func lastName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }
