// One datagram to a unix socket, as the service manager and the journal take them.

import DurableIO
import Glibc

enum Datagram {
    /// Best effort: who does not listen is no reason to stop working.
    /// - Parameter waits: for a receiver whose queue is full.
    /// - Returns: whether the receiver's queue has it.
    @discardableResult
    static func send(_ bytes: [UInt8], to address: UnixAddress, waits: Bool) -> Bool {
        let socket = Glibc.socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { Glibc.close(socket) }
        let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
        let sent = unsafe address.lend {
            unsafe sendto(socket, bytes, bytes.count, flags, $0, $1)
        }
        return sent == bytes.count
    }
}
