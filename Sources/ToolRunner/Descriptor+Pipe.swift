internal import CSystem
internal import DrillModel
internal import Glibc

/// The two ends of a kernel pipe, both close-on-exec.
package struct Pipe: Sendable {
  package let reading: Descriptor
  package let writing: Descriptor

  /// Makes a pipe that holds up to `capacity` bytes, or what the system grants.
  ///
  /// - Throws: `Fault` with code `tool_failed` when no descriptors are left.
  package init(capacity: Int? = nil) throws {
    var ends: [Int32] = [-1, -1]
    let status = csystem_pipe(&ends)
    guard status == 0 else {
      throw Fault(
        .toolFailed, "no pipe could be made: \(systemMessage(-status))", advice: "Raise the limit on open files (ulimit -n)",
        isTransient: true)
    }
    reading = Descriptor(owning: ends[0])
    writing = Descriptor(owning: ends[1])
    if let capacity { _ = csystem_set_pipe_size(ends[1], Int32(capacity)) }
  }
}

/// What the system calls an error number: `No such file or directory`.
package func systemMessage(_ code: Int32) -> String {
  guard let text = strerror(code) else { return "error \(code)" }
  return String(cString: text)
}

extension Descriptor {
  /// Opens a file close-on-exec.
  ///
  /// - Throws: `SystemError` with the call's error number.
  static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemError) -> Descriptor {
    while true {
      let raw = Glibc.open(path, flags | O_CLOEXEC, mode)
      if raw >= 0 { return Descriptor(owning: raw) }
      guard errno == EINTR else { throw SystemError(code: errno) }
    }
  }
}

/// A system call's error number.
struct SystemError: Error {
  var code: Int32
  var message: String { systemMessage(code) }
}

/// Reads what is there, up to the buffer's size; 0 at the end.
func readSome(_ fd: Int32, _ buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
  while true {
    let count = Glibc.read(fd, buffer.baseAddress, buffer.count)
    if count >= 0 { return count }
    guard errno == EINTR else { throw SystemError(code: errno) }
  }
}

/// Writes all of it, waiting where the other side is slow.
func writeFully(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemError) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = Glibc.write(fd, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
    if count >= 0 {
      rest = rest.dropFirst(count)
    } else if errno != EINTR {
      throw SystemError(code: errno)
    }
  }
}

/// A small file of the kernel's, such as those in /proc, whole; nil when it cannot be read.
func contents(of path: String, limit: Int = 4 << 20) -> [UInt8]? {
  guard let file = try? Descriptor.open(path, O_RDONLY) else { return nil }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 8192)
  while bytes.count < limit {
    guard let count = try? buffer.withUnsafeMutableBytes({ try readSome(file.raw, $0) }) else { return nil }
    if count == 0 { return bytes }
    bytes += buffer[..<count]
  }
  return bytes
}
