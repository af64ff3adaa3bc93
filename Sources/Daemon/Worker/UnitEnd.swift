// How a worker in a unit of its own ended, by the service manager's word: the unit's last line,
// `ended RESULT CODE STATUS`, with $SERVICE_RESULT, $EXIT_CODE and $EXIT_STATUS of systemd.exec(5).

package struct UnitEnd: Equatable, Sendable {
    package let exit: WorkerExit

    /// - Returns: Nil for any other line.
    package init?(_ line: [UInt8]) {
        let words = String(decoding: line, as: UTF8.self).split(
            separator: " ", omittingEmptySubsequences: false)
        guard words.count == 4, words[0] == "ended" else { return nil }
        let (result, code, status) = (words[1], words[2], String(words[3]))
        exit =
            if result == "oom-kill" {
                .outOfMemory(
                    "the kernel killed the worker: its unit ran out of memory (MemoryMax=)")
            } else if code == "exited", let number = Int(status) {
                .exited(code: number)
            } else if let signal = Self.signals[status] {
                .signaled(signal)
            } else {
                .vanished("the worker's unit ended: \(result) \(code) \(status)")
            }
    }

    /// By the names that systemd uses.
    private static let signals = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8,
        "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
        "XCPU": 24, "XFSZ": 25, "SYS": 31,
    ]
}
