import Foundation

@main
enum Benchmark {
  static func main() {
    do {
      let options: Options
      do {
        options = try Options(Array(CommandLine.arguments.dropFirst()))
      } catch {
        say("benchmark: \(error)\n\(Options.usage)")
        exit(64)
      }
      exit(try carryOut(options) ? 0 : 1)
    } catch {
      say("benchmark: \(error)\n")
      exit(2)
    }
  }

  /// Gives whether everything that could be measured here was.
  private static func carryOut(_ options: Options) throws -> Bool {
    let workshop = try Workshop(in: options.directory, program: options.program)
    defer {
      do { try workshop.remove() } catch { say("benchmark: \(workshop.root) could not be removed: \(error)\n") }
    }
    let machine = Machine.describe(workshop)
    let results = CaseGroup.all.flatMap { measure($0, workshop, options) }
    let memory = options.isLarge ? LargeRestores(workshop: workshop, gigabytes: options.gigabytes).measure() : []
    let report = Report(
      machine: machine, conditions: options.conditions, runs: options.runs, scale: options.scale, results: results, memory: memory)
    FileHandle.standardOutput.write(Data(report.text.utf8))
    if let path = options.document {
      let old = try String(contentsOfFile: path, encoding: .utf8)
      try Document.put(report.text, into: old).write(toFile: path, atomically: true, encoding: .utf8)
    }
    return !results.contains { $0.isFailure } && !memory.contains { $0.watch == nil }
  }

  private static func measure(_ group: CaseGroup, _ workshop: Workshop, _ options: Options) -> [CaseResult] {
    let wanted = group.names.filter(options.includes)
    guard !wanted.isEmpty else { return [] }
    func absent(_ reason: String, isFailure: Bool) -> [CaseResult] {
      wanted.map { CaseResult(name: $0, against: "–", reason: reason, isFailure: isFailure) }
    }
    say("benchmark: making the inputs of \(wanted.joined(separator: ", "))\n")
    do {
      let cases = try group.prepare(workshop, options).filter { options.includes($0.name) }
      return cases.map { one in
        let result = CaseRunner(workshop: workshop, runs: options.runs).measure(one)
        say("benchmark: \(one.name): \(result.reason ?? result.comparison.map { Report.time($0.ours.median) } ?? "")\n")
        return result
      }
    } catch let unavailable as Unavailable {
      return absent(unavailable.reason, isFailure: false)
    } catch {
      return absent("\(error)", isFailure: true)
    }
  }

  private static func say(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
