/// Numbers of bytes for people.
package enum ByteCount {
  /// `812 B`, `4.2 MiB`, `37 GiB`: binary units with at most two digits that matter.
  package static func text(_ bytes: Int64) -> String {
    var value = Double(bytes.magnitude)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    let sign = bytes < 0 ? "-" : ""
    if unit == 0 || value >= 10 { return "\(sign)\(Int(value.rounded())) \(units[unit])" }
    return "\(sign)\((value * 10).rounded() / 10) \(units[unit])"
  }
}
