// The journal's own socket, used where $JOURNAL_STREAM says that standard error goes there anyway.

import DurableIO
import Glibc
import SystemPackage

package struct JournalSocket: Sendable {
    private let path: String

    package static let systemPath = "/run/systemd/journal/socket"

    package init(path: String = systemPath) {
        self.path = path
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
        let socket = Glibc.socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { Glibc.close(socket) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: target.sun_path) else { return false }
        unsafe withUnsafeMutableBytes(of: &target.sun_path) { unsafe $0.copyBytes(from: name) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let bytes = message.bytes
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let sent = unsafe withUnsafePointer(to: target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(socket, bytes, bytes.count, flags, $0, size)
            }
        }
        return sent == bytes.count
    }
}
