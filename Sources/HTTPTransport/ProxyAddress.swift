internal import CCurl
import Glibc

/// A proxy as libcurl is given it.
enum ProxyAddress {
  /// The text itself where libcurl can read it, else one that it cannot read either and that holds no password: libcurl repeats in its
  /// complaint what it cannot read.
  static func readable(_ text: String) -> String {
    let unreadable = "something that is no proxy's URL"
    guard let handle = curl_url() else { return unreadable }
    defer { curl_url_cleanup(handle) }
    var scheme: UnsafeMutablePointer<CChar>?
    guard curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME)) == CURLUE_OK,
      curl_url_get(handle, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK, let scheme
    else { return unreadable }
    defer { curl_free(scheme) }
    let known: Set<String> = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"]
    return known.contains(String(cString: scheme).lowercased()) ? text : unreadable
  }
}
