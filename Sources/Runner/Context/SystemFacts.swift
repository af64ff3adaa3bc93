// Small facts from the system: short files, the time, the processor's name.

import DurableIO
import Foundation
import Glibc
import SystemPackage

/// A text of the kernel's, such as those of /proc; nil where it cannot be read.
func kernelText(_ path: String) -> String? {
    // A machine of a thousand cores fills a megabyte of /proc/cpuinfo.
    let bytes = try? SmallFile.read(FilePath(path), bytesMax: 1 << 23)
    return bytes.map { String(decoding: $0, as: UTF8.self) }
}

/// Now in UTC, ISO 8601 to the second.
func timestamp() -> String {
    Date.now.formatted(.iso8601)
}

/// The processor's name from /proc/cpuinfo.
func processorName() -> String? {
    guard let text = kernelText("/proc/cpuinfo") else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
}
