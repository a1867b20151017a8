import Digesting
import DrillModel
import DrillTestSupport
import Glibc
import Testing

@testable import ToolRunner

/// A few hundred thousand lines that compress as a dump does.
private let plain: [UInt8] = (0..<30_000).flatMap { Array("\($0)\trow of orders\n".utf8) }

private func compressed(_ bytes: [UInt8], _ compression: Compression) async throws -> [UInt8] {
  var command = ToolCommand(try tools().locate(compression.rawValue), ["-c"])
  command.input = .bytes(bytes)
  command.output = .captured(limit: 64 << 20)
  return try await tools().run(command).output
}

private func everything(_ descriptor: Descriptor) async throws -> [UInt8] {
  try await onThread("reader") {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try buffer.withUnsafeMutableBytes { try readSome(descriptor.raw, $0) }
      if count == 0 { break }
      all += buffer[..<count]
    }
    descriptor.close()
    return all
  }
}

private func open(_ bytes: [UInt8], expected: String? = nil, limits: UnpackLimits = UnpackLimits()) async throws -> UnwrappedStream {
  let folder = TemporaryFolder()
  let file = try Descriptor.open(folder.file("backup", bytes), O_RDONLY)
  let unwrapper = Unwrapper(tools: tools(), limits: limits)
  return try await unwrapper.open(file, name: "backup", bytes: Int64(bytes.count), expectedSHA256: expected)
}

private func code(of bytes: [UInt8], expected: String? = nil, limits: UnpackLimits = UnpackLimits()) async -> FaultCode? {
  do {
    let stream = try await open(bytes, expected: expected, limits: limits)
    _ = try await everything(stream.descriptor)
    _ = try await stream.finish()
    return nil
  } catch {
    return (error as? Fault)?.code
  }
}

@Suite("Taking compressions off")
struct UnwrapperTests {
  @Test("every compression comes off whole, with the stored bytes' digest", arguments: Compression.allCases)
  func whole(compression: Compression) async throws {
    let stored = try await compressed(plain, compression)
    let stream = try await open(stored)
    #expect(stream.layers == [compression])
    #expect(stream.head == Array(plain.prefix(64 << 10)))
    #expect(try await everything(stream.descriptor) == plain)
    let summary = try await stream.finish()
    #expect(summary.sha256 == Hexadecimal.encode(SHA256.digest(of: stored)))
    #expect(summary.storedBytes == Int64(stored.count) && summary.decodedBytes == Int64(plain.count))
    #expect(summary.notes.isEmpty)
  }

  @Test("a cut file is told as cut, wherever the cut lies", arguments: Compression.allCases)
  func cut(compression: Compression) async throws {
    let stored = try await compressed(plain, compression)
    for keep in [stored.count / 2, stored.count - 3] {
      #expect(await code(of: Array(stored.prefix(keep))) == .backupTruncated, "cut to \(keep) of \(stored.count)")
    }
  }

  @Test("a flipped byte is told as damage", arguments: Compression.allCases)
  func flipped(compression: Compression) async throws {
    var stored = try await compressed(plain, compression)
    stored[stored.count / 2] ^= 0x55
    let found = await code(of: stored)
    #expect(found == .backupDamaged || found == .backupTruncated)
  }

  @Test("compressions inside each other come off, up to four")
  func nested() async throws {
    var stored = try await compressed(plain, .gzip)
    stored = try await compressed(stored, .zstd)
    let stream = try await open(stored)
    #expect(stream.layers == [.zstd, .gzip])
    #expect(try await everything(stream.descriptor) == plain)
    _ = try await stream.finish()
    for _ in 0..<3 { stored = try await compressed(stored, .bzip2) }
    #expect(await code(of: stored) == .unsafeContent)
  }

  @Test("a right checksum passes and a wrong one is told with both digests")
  func checksum() async throws {
    for stored in [plain, try await compressed(plain, .gzip)] {
      let right = Hexadecimal.encode(SHA256.digest(of: stored))
      let wrong = String(repeating: "0", count: 64)
      #expect(await code(of: stored, expected: right) == nil)
      let stream = try await open(stored, expected: wrong)
      _ = try await everything(stream.descriptor)
      let fault = await #expect(throws: Fault.self) { try await stream.finish() }
      #expect(fault?.code == .checksumMismatch)
      #expect(fault?.message.contains(right) == true && fault?.message.contains(wrong) == true)
    }
  }

  @Test("a damaged file's checksum tells when it was damaged")
  func damagedBefore() async throws {
    let stored = Array(try await compressed(plain, .gzip).dropLast(100))
    let stream = try await open(stored, expected: Hexadecimal.encode(SHA256.digest(of: stored)))
    _ = try await everything(stream.descriptor)
    let fault = await #expect(throws: Fault.self) { try await stream.finish() }
    #expect(fault?.code == .backupTruncated && fault?.advice?.contains("already so") == true)
  }

  @Test("a plain file is handed over in place, at its beginning")
  func inPlace() async throws {
    let stream = try await open(plain)
    #expect(stream.layers.isEmpty && stream.decodedBytes == nil)
    #expect(try await everything(stream.descriptor) == plain)
    #expect(try await stream.finish().storedBytes == Int64(plain.count))
  }

  @Test("an empty file is an empty stream, and text that begins like bzip2 is text")
  func lookalikes() async throws {
    #expect(try await open([]).head.isEmpty)
    #expect(try await open(Array("BZh9 is a name\n".utf8)).layers.isEmpty)
    #expect(Compression.recognised(in: [0x1F]) == nil)
  }

  @Test("bytes from a pipe are unwrapped and hashed the same")
  func pipe() async throws {
    let stored = try await compressed(plain, .xz)
    let pipe = try Pipe()
    async let fed: Void = onThread("feeder") {
      try stored.withUnsafeBytes { try writeFully(pipe.writing.raw, $0) }
      pipe.writing.close()
    }
    let stream = try await Unwrapper(tools: tools(), limits: UnpackLimits()).open(pipe.reading, name: "object")
    #expect(try await everything(stream.descriptor) == plain)
    #expect(try await stream.finish().sha256 == Hexadecimal.encode(SHA256.digest(of: stored)))
    try await fed
  }

  @Test("a consumer that stops early still learns of damage behind where it stopped, and of none where there is none")
  func stoppedEarly() async throws {
    let stored = try await compressed(plain, .gzip)
    let good = try await open(stored)
    good.descriptor.close()
    #expect(try await good.finish().storedBytes == Int64(stored.count))
    let bad = try await open(Array(stored.dropLast(5)))
    bad.descriptor.close()
    let fault = await #expect(throws: Fault.self) { try await bad.finish() }
    #expect(fault?.code == .backupTruncated)
  }

  @Test("zeros after gzip data are padding; anything else is noted")
  func trailing() async throws {
    let stored = try await compressed(plain, .gzip)
    let padded = try await open(stored + [UInt8](repeating: 0, count: 1024))
    _ = try await everything(padded.descriptor)
    #expect(try await padded.finish().notes.isEmpty)
    let signed = try await open(stored + Array("signature".utf8))
    #expect(try await everything(signed.descriptor) == plain)
    #expect(try await signed.finish().notes.count == 1)
  }

  @Test("a bomb is stopped by its bytes and by its ratio; the same size of honest data is not")
  func bomb() async throws {
    let zeros = try await compressed([UInt8](repeating: 0, count: 40 << 20), .zstd)
    #expect(await code(of: zeros, limits: UnpackLimits(bytes: 10 << 20)) == .unsafeContent)
    #expect(await code(of: zeros, limits: UnpackLimits(bytes: 50 << 20)) == nil)
    let script = shell("head -c 1500000000 /dev/zero | zstd -c")
    let made = try await tools().run(script).output
    let stream = try await open(made)
    let pump = try BytePump(from: stream.descriptor, to: nil)
    _ = try await pump.result()
    let fault = await #expect(throws: Fault.self) { try await stream.finish() }
    #expect(fault?.code == .unsafeContent)
  }

  @Test("cancelling ends the reading")
  func cancelled() async throws {
    let stored = try await compressed(plain + plain, .gzip)
    let stream = try await open(stored)
    // A second copy keeps the pipe open, as a consumer that hangs does.
    let held = Descriptor(owning: dup(stream.descriptor.raw))
    let task = Task { try await stream.finish() }
    try await Task.sleep(for: .milliseconds(100))
    task.cancel()
    let fault = await #expect(throws: Fault.self) { try await task.value }
    #expect(fault?.code == .interrupted)
    held.close()
  }

  @Test("a missing decompressor is told with its package")
  func missing() async throws {
    let stored = try await compressed(plain, .xz)
    let folder = TemporaryFolder()
    let file = try Descriptor.open(folder.file("backup", stored), O_RDONLY)
    let unwrapper = Unwrapper(tools: NoTools(), limits: UnpackLimits())
    let fault = await #expect(throws: Fault.self) { try await unwrapper.open(file, name: "backup") }
    #expect(fault?.code == .toolMissing && fault?.message.contains("xz-utils") == true)
  }
}

/// A machine without any program.
private struct NoTools: ToolRunning {
  func locate(_ name: String, in directories: [String], package: String?) throws -> String {
    throw Fault(.toolMissing, "no \(name): \(package ?? "")")
  }
  func start(_ command: ToolCommand) throws -> any RunningTool { throw Fault(.toolMissing, "nothing to start") }
}
