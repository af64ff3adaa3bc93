// Time that nobody sets: since the machine was started, with the name of that start.

import Glibc
import SystemPackage

/// A moment by the kernel's clock since boot, which counts sleep and knows no date.
package struct BootTime: Equatable, Sendable {
    /// Names the start of the machine; empty where the kernel does not tell.
    package let boot: String
    /// Nanoseconds since then.
    package let uptime: Int64

    package init(boot: String, uptime: Int64) {
        self.boot = boot
        self.uptime = uptime
    }

    /// Now. The C function is `clock_gettime` with `CLOCK_BOOTTIME`.
    package static func now() -> BootTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return BootTime(
            boot: name, uptime: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    private static let name: String = {
        let bytes = try? SmallFile.read("/proc/sys/kernel/random/boot_id", bytesMax: 64)
        return String(decoding: bytes ?? [], as: UTF8.self).filter { !$0.isWhitespace }
    }()
}
