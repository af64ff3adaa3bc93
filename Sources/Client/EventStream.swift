// What the daemon tells, as it happens: one connection that is read until it ends.

import Foundation
import Glibc
import Jobs

/// Events from a daemon. Ends now and then, as the daemon asks anew who may read: who wants more
/// opens another one, from `number` on.
package final class EventStream {
    private let descriptor: CInt
    private let unreachable: () -> DaemonClient.ClientError
    private let nonsense: (String) -> DaemonClient.ClientError
    private var chunks = ChunkReader()
    private var parser = EventParser()
    private var waiting: [NumberedEvent] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    /// - Parameters:
    ///   - descriptor: a socket on which the head of the answer has been read; is closed with this.
    ///   - rest: what came behind the head.
    init(
        _ descriptor: CInt, rest: [UInt8],
        unreachable: @escaping () -> DaemonClient.ClientError,
        nonsense: @escaping (String) -> DaemonClient.ClientError
    ) throws {
        self.descriptor = descriptor
        self.unreachable = unreachable
        self.nonsense = nonsense
        try take(rest[...])
    }

    deinit { Glibc.close(descriptor) }

    /// Where the stream is: what to ask for behind, to miss nothing. Nil before the daemon said so.
    package var number: Int? { parser.number }

    /// Waits for the next event.
    /// - Returns: Nil where the stream has ended.
    /// - Throws: `DaemonClient.ClientError`, also where the daemon shows no sign of life.
    package func next() throws -> NumberedEvent? {
        while waiting.isEmpty {
            if chunks.isEnded { return nil }
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreachable() }
            // Cut off: as good as ended, for who goes on from the number.
            if count == 0 { return nil }
            try take(buffer[..<count])
        }
        return waiting.removeFirst()
    }

    private func take(_ bytes: ArraySlice<UInt8>) throws {
        let body = chunks.take(bytes)
        guard !chunks.isBroken else { throw nonsense("no chunks of HTTP") }
        do { waiting += try parser.take(body) } catch { throw nonsense("\(error)") }
    }
}
