// Messages to the service manager, one datagram each to $NOTIFY_SOCKET: man 3 sd_notify, without
// its library. Outside of systemd there is no such socket, and nothing is sent.

import DurableIO

package struct Notifier: Sendable {
    private let address: UnixAddress?
    /// How often the service manager wants to hear `WATCHDOG=1`; nil if it does not.
    package let watchdogInterval: Duration?

    /// - Parameters:
    ///   - environment: of this process.
    ///   - process: number of this process; a watchdog meant for another one is not ours.
    package init(environment: [String: String], process: Int) {
        let name = environment["NOTIFY_SOCKET"] ?? ""
        address = name.hasPrefix("/") || name.hasPrefix("@") ? UnixAddress(name: name) : nil
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

    private func send(_ message: String) {
        guard let address else { return }
        Datagram.send(Array(message.utf8), to: address, waits: true)
    }
}
