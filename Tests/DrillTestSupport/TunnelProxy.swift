import Foundation

/// An HTTP proxy on loopback whose tunnels all lead to one port of this machine, whatever was asked for. Stops with the value.
package final class TunnelProxy: Sendable {
  package let port: Int
  private let listener: LoopbackSocket

  package init(to target: Int) {
    (listener, port) = LoopbackSocket.listening()
    let listener = listener
    Thread.detachNewThread {
      while let client = listener.accepted() { Thread.detachNewThread { TunnelProxy.serve(client, target) } }
      listener.close()
    }
  }

  deinit { listener.shutDown() }

  private static func serve(_ client: LoopbackSocket, _ target: Int) {
    guard !client.read().isEmpty, let server = LoopbackSocket.connected(port: target) else { return client.close() }
    client.write(Array("HTTP/1.1 200 Connected\r\n\r\n".utf8))
    Thread.detachNewThread {
      pass(from: server, to: client)
      client.shutDown()
    }
    pass(from: client, to: server)
    server.shutDown()
  }

  private static func pass(from: LoopbackSocket, to: LoopbackSocket) {
    while true {
      let bytes = from.read()
      if bytes.isEmpty || !to.write(bytes) { return }
    }
  }
}
