/// Generated names and passwords.
package enum RandomText {
  /// Hexadecimal digits of `bytes` bytes from the system's random source.
  package static func hex(_ bytes: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    let digits = Array("0123456789abcdef")
    return String((0..<(bytes * 2)).map { _ in digits[Int(generator.next(upperBound: UInt8(16)))] })
  }
}
