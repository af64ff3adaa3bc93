// Messages to the service manager, one datagram each to $NOTIFY_SOCKET: man 3 sd_notify, without
// its library. Outside of systemd there is no such socket, and nothing is sent.

import Glibc

package struct Notifier: Sendable {
    private let address: String?
    /// How often the service manager wants to hear `WATCHDOG=1`; nil if it does not.
    package let watchdogInterval: Duration?

    /// - Parameters:
    ///   - environment: of this process.
    ///   - process: number of this process; a watchdog meant for another one is not ours.
    package init(environment: [String: String], process: Int) {
        let address = environment["NOTIFY_SOCKET"] ?? ""
        self.address = address.hasPrefix("/") || address.hasPrefix("@") ? address : nil
        let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(process)" } ?? true
        let microseconds = Int(environment["WATCHDOG_USEC"] ?? "") ?? 0
        watchdogInterval =
            isOurs && microseconds > 0 ? .microseconds(microseconds / 2) : nil
    }

    package func ready(_ status: String) { send("READY=1\nSTATUS=\(Self.line(status))") }
    package func status(_ status: String) { send("STATUS=\(Self.line(status))") }
    package func reloading() { send("RELOADING=1") }
    package func watchdog() { send("WATCHDOG=1") }

    /// - Parameter timeout: what the stop may take from now on.
    package func stopping(timeout: Duration) {
        let microseconds = timeout.components.seconds * 1_000_000
        send("STOPPING=1\nEXTEND_TIMEOUT_USEC=\(microseconds)")
    }

    private static func line(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    /// Best effort: a service manager that does not listen is no reason to stop working.
    private func send(_ message: String) {
        guard let address else { return }
        let socket = Glibc.socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { Glibc.close(socket) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        // A leading @ stands for the zero byte of an abstract address.
        let path = Array(address.utf8).enumerated().map { $0 == 0 && $1 == 0x40 ? 0 : $1 }
        let room = MemoryLayout.size(ofValue: target.sun_path)
        guard path.count < room else { return }
        unsafe withUnsafeMutableBytes(of: &target.sun_path) { unsafe $0.copyBytes(from: path) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bytes = Array(message.utf8)
        unsafe withUnsafePointer(to: target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe sendto(
                    socket, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, size)
            }
        }
    }
}
