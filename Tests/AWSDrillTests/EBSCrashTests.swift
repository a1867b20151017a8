import DrillModel
import DrillTestSupport
import EngineKit
import Glibc
import Testing

@testable import EngineEBS

@Suite(
  "A crash around a volume that is looked into", .serialized,
  .enabled(if: LoopDisk.absence == nil, Comment(rawValue: LoopDisk.absence ?? "")))
struct EBSCrashTests {
  /// Reaps as the next start does; gives what could not be removed.
  private func reap(_ bench: EBSBench, _ journal: BreakingJournal) async -> [String] {
    var left: [String] = []
    for row in journal.rows {
      do { try await bench.reaper.destroy(row, of: bench.run, tools: NoPrograms()) } catch { left.append("\(row.kind): \(error)") }
    }
    return left
  }

  private func crashed(_ bench: EBSBench, at step: Int) async -> BreakingJournal {
    let journal = BreakingJournal(breakingAt: step)
    do {
      let (target, _) = try await bench.restore(journal: journal)
      try await target.destroy()
    } catch {}
    return journal
  }

  @Test("at any step leaves nothing after the next start, and nothing is taken off while it is mounted")
  func everywhere() async throws {
    let whole = EBSBench(disk: LoopDisk(files: ["a": "b"]))
    let steps = await crashed(whole, at: .max).steps
    #expect(
      steps == [
        "intend ebs-volume", "made ebs-volume", "intend ebs-attachment", "made ebs-attachment", "intend ebs-mount", "made ebs-mount",
        "gone ebs-mount", "gone ebs-attachment", "gone ebs-volume",
      ])
    for step in 0..<(steps.count * 2) {
      let bench = EBSBench(disk: LoopDisk(files: ["a": "b"]))
      let journal = await crashed(bench, at: step)
      #expect(await reap(bench, journal) == [], "step \(step), after \(journal.steps.last ?? "nothing")")
      #expect(bench.left.isEmpty && bench.disk?.mountPoints == [], "step \(step)")
      #expect(!bench.ec2.now.calls.contains("detached while mounted"), "step \(step)")
      #expect(await reap(bench, journal) == [], "again, step \(step)")
    }
  }

  @Test("is mended while something holds the mount open, which then sees it no longer than it lives")
  func heldOpen() async throws {
    let bench = EBSBench(disk: LoopDisk(files: ["a": "b"]))
    let journal = await crashed(bench, at: 11)
    let file = open("\(bench.scratch)/volume/root/a", O_RDONLY | O_CLOEXEC)
    #expect(file >= 0)
    #expect(await reap(bench, journal) == [])
    #expect(bench.disk?.mountPoints == [] && bench.left.isEmpty)
    close(file)
  }

  @Test("leaves alone what is another's: an attachment to another instance, a mount without the run's marker, rows of other runs")
  func strangers() async throws {
    let bench = EBSBench(disk: LoopDisk(files: ["a": "b"]))
    let journal = await crashed(bench, at: 11)
    unlink("\(bench.scratch)/\(ScratchDirectory.marker)")
    let refused = await reap(bench, journal)
    #expect(refused.count == 3 && refused[0].contains("marker") && refused[1].contains("still mounted"), "\(refused)")
    #expect(bench.disk?.mountPoints.count == 1 && bench.left.first?.attachment != nil)
    for row in journal.rows {
      await #expect(throws: Fault.self) { try await bench.reaper.destroy(row, of: RDSBench.other, tools: NoPrograms()) }
    }
    close(open("\(bench.scratch)/\(ScratchDirectory.marker)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600))
    #expect(umount2("\(bench.scratch)/volume/root", 0) == 0)
    bench.ec2.change { $0.volumes[0].attachment?.instance = "i-0fffffffffffffff0" }
    let foreign = await reap(bench, journal)
    #expect(foreign.count == 1 && foreign[0].contains("attached to i-0fffffffffffffff0"), "\(foreign)")
    #expect(bench.left.first?.attachment?.instance == "i-0fffffffffffffff0")
    for row in journal.rows { #expect(bench.reaper.remains(row)?.isEmpty == false) }
  }
}
