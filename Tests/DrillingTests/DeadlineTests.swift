import DrillModel
import Testing

@testable import Drilling

@Suite("Deadlines")
struct DeadlineTests {
  private let late = Fault(.deadlineExceeded, "too late")

  @Test("an operation in time gives its value, or its own error")
  func inTime() async throws {
    #expect(try await withDeadline(.seconds(30), otherwise: late) { 7 } == 7)
    let own = Fault(.noSpace, "its own")
    await #expect(throws: own) { try await withDeadline(.seconds(30), otherwise: late) { throw own } }
  }

  @Test("one that is late and heeds its cancellation ends with the deadline's fault, at once")
  func obedient() async {
    let start = ContinuousClock.now
    await #expect(throws: late) {
      try await withDeadline(.milliseconds(100), otherwise: late) { try await Task.sleep(for: .seconds(3600)) }
    }
    #expect(.now - start < .seconds(600))
  }

  @Test("one that ends well although it is late is not thrown away")
  func lateValue() async throws {
    let value = try await withDeadline(.milliseconds(50), grace: .seconds(30), otherwise: late) {
      try? await Task.sleep(for: .seconds(3600))
      return 9
    }
    #expect(value == 9)
  }

  @Test("one that hangs is left behind after its grace")
  func hanging() async {
    let (stream, feed) = AsyncStream.makeStream(of: Void.self)
    let start = ContinuousClock.now
    await #expect(throws: late) {
      try await withDeadline(.milliseconds(50), grace: .milliseconds(100), otherwise: late) {
        // Nothing here looks at the cancellation.
        await Task.detached { for await _ in stream { return } }.value
      }
    }
    #expect(.now - start < .seconds(600))
    feed.finish()
  }

  @Test("when the caller is cancelled, so is the operation, and its own error comes through")
  func cancelled() async {
    let late = late
    let task = Task { try await withDeadline(.seconds(60), otherwise: late) { try await Task.sleep(for: .seconds(3600)) } }
    try? await Task.sleep(for: .milliseconds(50))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("an operation that hangs when the caller is cancelled is left behind after its grace")
  func hangingCancelled() async {
    let (stream, feed) = AsyncStream.makeStream(of: Void.self)
    let (start, late) = (ContinuousClock.now, late)
    let task = Task {
      try await withDeadline(.seconds(3600), grace: .milliseconds(100), otherwise: late) {
        await Task.detached { for await _ in stream { return } }.value
      }
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(.now - start < .seconds(600))
    feed.finish()
  }
}
