internal import CCurl
import DrillModel
import Glibc

/// libcurl as a whole.
enum CurlLibrary {
  /// Prepares it once; asking again, from any thread, is a no-op.
  ///
  /// A connection that breaks while TLS writes to it raises SIGPIPE, which libcurl leaves alone in programs with threads: it is
  /// ignored from here on, unless the program handles it.
  static let isReady: Bool = {
    var old = sigaction()
    if sigaction(SIGPIPE, nil, &old) == 0, old.__sigaction_handler.sa_handler == nil { signal(SIGPIPE, SIG_IGN) }
    return curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
  }()
}

/// One easy handle and everything that it points to while it works. Belongs to one thread at a time.
final class CurlHandle {
  let raw: UnsafeMutableRawPointer
  private var lists: [UnsafeMutablePointer<curl_slist>] = []
  private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  /// Nil when libcurl has no memory.
  init?() {
    guard CurlLibrary.isReady, let handle = curl_easy_init() else { return nil }
    raw = handle
  }

  deinit {
    curl_easy_cleanup(raw)
    releaseLists()
    errorText.deallocate()
  }

  /// Forgets every option; connections stay open for the next use.
  func reset() {
    curl_easy_reset(raw)
    releaseLists()
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    _ = ccurl_set_pointer(raw, CURLOPT_ERRORBUFFER, errorText)
    set(CURLOPT_NOSIGNAL, 1)
  }

  func set(_ option: CURLoption, _ value: Int) { _ = ccurl_set_long(raw, option, value) }
  func set(_ option: CURLoption, _ value: String?) { _ = ccurl_set_text(raw, option, value) }

  /// A list of texts, which libcurl does not copy: it lives until the next reset.
  func set(_ option: CURLoption, list texts: [String]) {
    var list: UnsafeMutablePointer<curl_slist>?
    for text in texts { list = curl_slist_append(list, text) ?? list }
    if let list { lists.append(list) }
    _ = ccurl_set_list(raw, option, list)
  }

  func perform() -> CURLcode { curl_easy_perform(raw) }

  func long(_ info: CURLINFO) -> Int {
    var value = 0
    return ccurl_get_long(raw, info, &value) == CURLE_OK ? value : 0
  }

  func microseconds(_ info: CURLINFO) -> Duration {
    var value: curl_off_t = 0
    return ccurl_get_large(raw, info, &value) == CURLE_OK ? .microseconds(Int64(value)) : .zero
  }

  /// What libcurl says about the last failure.
  func complaint(_ code: CURLcode) -> String {
    let text = String(cString: errorText)
    return InertText.line(text.isEmpty ? String(cString: curl_easy_strerror(code)) : text, limit: 300)
  }

  private func releaseLists() {
    for list in lists { curl_slist_free_all(list) }
    lists = []
  }
}
