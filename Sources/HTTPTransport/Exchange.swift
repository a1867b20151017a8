internal import CCurl
import Glibc

/// What libcurl's callbacks read and write during one transfer. They run on the thread that performs it.
final class Exchange {
  private let addresses: AddressPolicy
  private let cancellation: Cancellation?
  private let bodyLimit: Int
  private let sink: HTTPBodySink?
  private var hasBegun = false
  /// The sink wanted no more.
  private(set) var isDeclined = false
  private(set) var status = 0
  private(set) var headers: [HTTPHeader] = []
  private(set) var body: [UInt8] = []
  private(set) var isTooLarge = false
  /// Why a socket was refused.
  private(set) var refusal: String?
  /// Lines of the server's side, of protocols that talk in lines.
  private(set) var lines: [String] = []
  private var headerBytes = 0
  /// What is uploaded, and how far.
  private let upload: [UInt8]
  private(set) var uploaded = 0

  static let headerLimit = 256 << 10

  init(
    _ addresses: AddressPolicy, _ cancellation: Cancellation?, bodyLimit: Int, upload: [UInt8] = [], sink: HTTPBodySink? = nil
  ) {
    self.addresses = addresses
    self.cancellation = cancellation
    self.bodyLimit = bodyLimit
    self.upload = upload
    self.sink = sink
  }

  /// Whether everything that was to be uploaded has been handed to libcurl.
  var isUploaded: Bool { uploaded == upload.count }

  /// Connects the handle's callbacks to this value, which must outlive the transfer.
  func attach(to handle: CurlHandle) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    _ = ccurl_set_writer(handle.raw, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      Exchange.from(context).keep(bytes, size * count)
    }
    _ = ccurl_set_writer(handle.raw, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      Exchange.from(context).readLine(bytes, size * count)
    }
    _ = ccurl_set_reader(handle.raw) { buffer, size, count, context in Exchange.from(context).give(buffer, size * count) }
    _ = ccurl_set_progress(handle.raw) { context, _, _, _, _ in Exchange.from(context).cancellation?.isCancelled == true ? 1 : 0 }
    _ = ccurl_set_open_socket(handle.raw) { context, _, address in Exchange.from(context).open(address) }
    for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_READDATA, CURLOPT_XFERINFODATA, CURLOPT_OPENSOCKETDATA] {
      _ = ccurl_set_pointer(handle.raw, option, context)
    }
    handle.set(CURLOPT_NOPROGRESS, 0)
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> Exchange {
    guard let context else { preconditionFailure("libcurl lost a callback's context") }
    return Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
  }

  private func keep(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    if let sink, (200...299).contains(status) { return pass(UnsafeRawBufferPointer(start: bytes, count: count), to: sink) }
    guard body.count + count <= bodyLimit else {
      isTooLarge = true
      return 0
    }
    body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
    return count
  }

  private func pass(_ bytes: UnsafeRawBufferPointer, to sink: HTTPBodySink) -> Int {
    if !hasBegun, !sink.begin(HTTPHead(status: status, headers: headers)) { isDeclined = true }
    hasBegun = true
    if !isDeclined, !sink.receive(bytes) { isDeclined = true }
    return isDeclined ? 0 : bytes.count
  }

  private func readLine(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    headerBytes += count
    guard headerBytes <= Exchange.headerLimit else {
      isTooLarge = true
      return 0
    }
    let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    let text = line.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).first.map(String.init) ?? ""
    lines.append(text)
    if text.hasPrefix("HTTP/") {
      // An interim answer, or a proxy's, stands before the final one.
      headers = []
      status = Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0
    } else if let colon = text.firstIndex(of: ":") {
      let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      headers.append(HTTPHeader(String(text[..<colon]), String(value)))
    }
    return count
  }

  private func give(_ buffer: UnsafeMutablePointer<CChar>?, _ space: Int) -> Int {
    let count = min(space, upload.count - uploaded)
    upload.withUnsafeBytes { all in
      if count > 0, let buffer, let base = all.baseAddress { memcpy(buffer, base + uploaded, count) }
    }
    uploaded += count
    return count
  }

  /// The address is the very one that is connected to next, so no name server can change it after this look.
  private func open(_ address: UnsafeMutablePointer<curl_sockaddr>?) -> curl_socket_t {
    // libcurl lays the whole address where C sees only its first 16 bytes.
    guard let address, let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return CURL_SOCKET_BAD }
    let start = (UnsafeRawPointer(address) + offset).assumingMemoryBound(to: sockaddr.self)
    guard let ip = IPAddress(start, length: Int(address.pointee.addrlen)) else { return CURL_SOCKET_BAD }
    if let reason = addresses.refusal(ip) {
      refusal = reason
      return CURL_SOCKET_BAD
    }
    return socket(address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
  }
}
