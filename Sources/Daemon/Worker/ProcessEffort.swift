// What a process has done, by the kernel's word, in the shape of a beat.

import Glibc
package import Jobs

package enum ProcessEffort {
    /// Of a process that says nothing itself. Nobody knows its steps: each second of processor time
    /// counts as one, so that what computes is left alone, and what hangs is not.
    /// - Parameter read: the text of a file of /proc; nil where it cannot be read.
    /// - Returns: Nil where the process is gone.
    package static func of(
        _ process: Int, read: (String) -> String? = MemoryKills.read
    ) -> Heartbeat? {
        guard let stat = read("/proc/\(process)/stat"), let seconds = processorSeconds(stat) else {
            return nil
        }
        return Heartbeat(
            moves: Int(seconds), processorSeconds: seconds,
            transferredBytes: transferredBytes(read("/proc/\(process)/io") ?? ""))
    }

    /// Fields 14 and 15 of /proc/PID/stat, user and system time in clock ticks (proc(5)).
    private static func processorSeconds(_ stat: String) -> Double? {
        // The name in field 2 may hold anything, so count from its closing parenthesis.
        guard let close = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
            return nil
        }
        return Double(user + system) / Double(max(1, sysconf(CInt(_SC_CLK_TCK))))
    }

    /// From and to disks; files of the kernel do not count. 0 where the kernel does not tell.
    private static func transferredBytes(_ account: String) -> Int {
        account.split(separator: "\n").reduce(0) { sum, line in
            let words = line.split(separator: " ")
            guard words.count == 2, words[0] == "read_bytes:" || words[0] == "write_bytes:" else {
                return sum
            }
            return sum + (Int(words[1]) ?? 0)
        }
    }
}
