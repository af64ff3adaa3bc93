// The journal's own socket, used where $JOURNAL_STREAM says that standard error goes there anyway.

import DurableIO
import SystemPackage

package struct JournalSocket: Sendable {
    /// Nil where the path is too long for one.
    private let address: UnixAddress?

    package static let systemPath = "/run/systemd/journal/socket"

    package init(path: String = systemPath) {
        address = UnixAddress(path: path)
    }

    /// Nil where standard error is not the journal: somebody who redirects it wants the lines
    /// there.
    package init?(environment: [String: String]) {
        guard let stream = environment["JOURNAL_STREAM"],
            let status = try? Syscalls.stat(.standardError, "/dev/stderr"),
            Self.isStream(stream, device: status.device, inode: status.inode)
        else { return nil }
        self.init()
    }

    /// - Parameter stream: `DEVICE:INODE` of systemd.exec(5).
    package static func isStream(_ stream: String, device: UInt64, inode: UInt64) -> Bool {
        stream == "\(device):\(inode)"
    }

    /// - Returns: False where the journal does not take it, or not at once.
    package func send(_ message: JournalMessage) -> Bool {
        guard let address else { return false }
        return Datagram.send(message.bytes, to: address, waits: false)
    }
}
