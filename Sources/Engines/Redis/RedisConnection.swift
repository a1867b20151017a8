import Digesting
import EngineKit
import Foundation
import Glibc
import ToolRunner

/// A connection to a scratch server over its Unix socket. Belongs to one thread.
///
/// The protocol is five kinds of line, so that the vendor's C library (hiredis) would be more to build and to explain than it saves; and it
/// would keep whole values in memory, where this one digests long ones as they pass.
final class RedisConnection {
  private let descriptor: Descriptor
  private let deadline: ContinuousClock.Instant
  private let limit: Duration
  private var input = [UInt8](repeating: 0, count: 256 << 10)
  private var position = 0
  private var end = 0
  private var output: [UInt8] = []

  /// Values longer than this are digested and not kept.
  static let longest = 1 << 20
  /// Items of one reply; more than Redis gives when asked in steps.
  private static let mostItems = 1 << 24

  init(_ descriptor: Descriptor, limit: Duration) {
    self.descriptor = descriptor
    self.limit = limit
    deadline = .now + limit
  }

  /// Sends one command and waits for its reply.
  ///
  /// - Throws: `ProbeError`, also for a reply that is an error.
  func ask(_ words: [UInt8]...) throws(ProbeError) -> RedisReply {
    send(words)
    return try reply()
  }

  /// The same for words that are text.
  func ask(_ words: String...) throws(ProbeError) -> RedisReply {
    send(words.map { Array($0.utf8) })
    return try reply()
  }

  /// Queues a command; its reply must be taken in its turn.
  func send(_ words: [[UInt8]]) {
    output += "*\(words.count)\r\n".utf8
    for word in words {
      output += "$\(word.count)\r\n".utf8
      output += word
      output += [13, 10]
    }
  }

  /// The next reply.
  ///
  /// - Throws: `ProbeError`, also for a reply that is an error.
  func reply() throws(ProbeError) -> RedisReply {
    try flush()
    let reply = try value(depth: 0)
    if case .error(let text) = reply { throw Self.meaning(of: text) }
    return reply
  }

  /// What a reply that is an error says of the data. Its text names commands and settings, never values.
  static func meaning(of text: String) -> ProbeError {
    let words = "Redis says: \(text.prefix(200))"
    if text.contains("DB index is out of range") { return .missing(words) }
    if text.hasPrefix("WRONGTYPE") { return .damaged(words) }
    if text.hasPrefix("LOADING") || text.hasPrefix("OOM") || text.hasPrefix("BUSY") { return .unavailable(words) }
    return .invalid(words)
  }

  // MARK: Reading

  private func value(depth: Int) throws(ProbeError) -> RedisReply {
    guard depth < 8 else { throw babble }
    let line = try line()
    guard let kind = line.first else { throw babble }
    let rest = String(decoding: line.dropFirst(), as: UTF8.self)
    switch kind {
    case UInt8(ascii: "+"): return .status(rest)
    case UInt8(ascii: "-"): return .error(rest)
    case UInt8(ascii: ":"):
      guard let number = Int64(rest) else { throw babble }
      return .integer(number)
    case UInt8(ascii: "$"):
      guard let count = Int64(rest), count >= -1 else { throw babble }
      return count < 0 ? .null : try bulk(count)
    case UInt8(ascii: "*"):
      guard let count = Int(rest), count >= -1, count <= Self.mostItems else { throw babble }
      guard count >= 0 else { return .null }
      var items: [RedisReply] = []
      for _ in 0..<count { items.append(try value(depth: depth + 1)) }
      return .array(items)
    default: throw babble
    }
  }

  private func bulk(_ count: Int64) throws(ProbeError) -> RedisReply {
    var kept: [UInt8] = []
    let digest = count > Self.longest ? SHA256() : nil
    var left = count
    while left > 0 {
      if position == end { try fill() }
      let step = Int(min(left, Int64(end - position)))
      if let digest {
        input.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[position..<position + step])) }
      } else {
        kept += input[position..<position + step]
      }
      position += step
      left -= Int64(step)
    }
    guard try line().isEmpty else { throw babble }
    return digest.map { .long(count, $0.finish()) } ?? .bulk(kept)
  }

  private func line() throws(ProbeError) -> [UInt8] {
    var line: [UInt8] = []
    while line.count < 64 << 10 {
      if position == end { try fill() }
      let part = input[position..<end]
      guard let newline = part.firstIndex(of: 10) else {
        line += part
        position = end
        continue
      }
      line += part[..<newline]
      position = newline + 1
      guard line.last == 13 else { throw babble }
      line.removeLast()
      return line
    }
    throw babble
  }

  private func fill() throws(ProbeError) {
    while true {
      let count = input.withUnsafeMutableBytes { read(descriptor.raw, $0.baseAddress, $0.count) }
      if count > 0 {
        (position, end) = (0, count)
        return
      }
      try settle(count, for: Int16(POLLIN))
    }
  }

  private func flush() throws(ProbeError) {
    var sent = 0
    while sent < output.count {
      // A server that died must not end us with SIGPIPE.
      let count = output.withUnsafeBytes {
        Glibc.send(descriptor.raw, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count > 0 { sent += count } else { try settle(count, for: Int16(POLLOUT)) }
    }
    output.removeAll(keepingCapacity: true)
  }

  /// Waits until the socket can go on after a call that did not, or says why it never will.
  private func settle(_ result: Int, for events: Int16) throws(ProbeError) {
    if result < 0, errno == EINTR { return }
    guard result < 0, errno == EAGAIN else { throw Self.gone }
    let left = ContinuousClock.now.duration(to: deadline)
    guard left > .zero else { throw .timeout(limit) }
    var poll = pollfd(fd: descriptor.raw, events: events, revents: 0)
    let milliseconds = Int32(clamping: left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
    _ = Glibc.poll(&poll, 1, milliseconds)
  }

  static let gone = ProbeError.unavailable("the scratch server closed the connection")
  private var babble: ProbeError { .unavailable("the scratch server answered something that is not Redis's protocol") }
}

/// Puts questions to a scratch server, each over a connection and on a thread of its own.
struct RedisAsker: Sendable {
  let socket: String

  /// Connects, carries out `body` and disconnects; cancelling the task ends the connection.
  ///
  /// - Throws: `ProbeError`, or `CancellationError`.
  func ask<Answer: Sendable>(timeout: Duration, _ body: @escaping @Sendable (RedisConnection) throws -> Answer) async throws -> Answer {
    let descriptor = try connect()
    do {
      return try await withTaskCancellationHandler {
        try await onThread("redis") {
          defer { descriptor.close() }
          return try body(RedisConnection(descriptor, limit: timeout))
        }
      } onCancel: {
        _ = shutdown(descriptor.raw, Int32(SHUT_RDWR))
      }
    } catch {
      try Task.checkCancellation()
      throw error
    }
  }

  private func connect() throws -> Descriptor {
    let raw = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard raw >= 0 else { throw ProbeError.unavailable("no socket could be made: \(systemMessage(errno))") }
    let descriptor = Descriptor(owning: raw)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(socket.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw ProbeError.unavailable("the path of the socket is too long")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard status == 0 else { throw ProbeError.unavailable("the scratch server cannot be reached: \(systemMessage(errno))") }
    return descriptor
  }
}

/// The numbers of one section of INFO.
struct RedisInfo: Sendable {
  private let lines: [Substring]

  /// - Throws: `ProbeError`.
  init(_ connection: RedisConnection, section: String) throws(ProbeError) {
    let text = try connection.ask("INFO", section).text ?? ""
    lines = text.split(whereSeparator: \.isNewline)
  }

  subscript(_ name: String) -> Int64? {
    lines.first { $0.hasPrefix("\(name):") }.flatMap { Int64($0.dropFirst(name.utf8.count + 1)) }
  }

  /// Keys and expiring keys of each database that has any, from lines such as `db0:keys=6,expires=0,avg_ttl=0`.
  var databases: [Int: (keys: Int64, expiring: Int64)] {
    var found: [Int: (keys: Int64, expiring: Int64)] = [:]
    for line in lines {
      guard let match = line.wholeMatch(of: /db(\d+):keys=(\d+),expires=(\d+).*/), let number = Int(match.1) else { continue }
      found[number] = (Int64(match.2) ?? 0, Int64(match.3) ?? 0)
    }
    return found
  }
}
