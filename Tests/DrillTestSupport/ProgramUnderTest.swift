import Glibc

/// The built `drillmark` executable that tests start.
package enum ProgramUnderTest {
  /// Its path: beside the running test bundle.
  package static let path: String = {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.baseAddress.map { readlink("/proc/self/exe", $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? 0
    }
    let bundle = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    let beside = bundle.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/drillmark"
    return access(beside, X_OK) == 0 ? beside : packageRoot + "/.build/debug/drillmark"
  }()
}

/// The folder that holds Package.swift.
package let packageRoot: String = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
