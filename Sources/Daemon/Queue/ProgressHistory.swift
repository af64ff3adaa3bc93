// What the present attempt of a job has said: in memory the last line, in a file the stages.

import DurableIO
import Foundation
package import Jobs
package import SystemPackage

package struct ProgressHistory: Sendable {
    /// Lines kept; a job has a few dozen.
    static let linesMax = 1_000
    static let fileBytesMax = 1_048_576

    package private(set) var last: ProgressLine?
    package private(set) var lines: [ProgressLine] = []
    private let file: FilePath
    /// Of the lines kept: a worker may write many long ones.
    private var byteCount = 0

    /// A new attempt begins: what the one before said is forgotten.
    package init(file: FilePath) {
        self.file = file
        try? Syscalls.unlink(file)
    }

    package mutating func append(_ line: ProgressLine) {
        last = line
        if case .progress = line { return }
        guard lines.count < Self.linesMax, let bytes = try? line.encoded(),
            byteCount + bytes.count < Self.fileBytesMax
        else { return }
        byteCount += bytes.count + 1
        lines.append(line)
        var log = BoundedLog(file, bytesMax: Self.fileBytesMax)
        log.append(Array(bytes) + [UInt8(ascii: "\n")])
    }

    /// The stages that an attempt's file tells of, after the daemon was restarted or the job
    /// has ended.
    static func lines(in file: FilePath) -> [ProgressLine] {
        let chunk = try? FileChunk.read(file, from: .offset(0), bytesMax: fileBytesMax)
        var splitter = LineSplitter(bytesMax: ProgressLine.bytesMax)
        return splitter.append(chunk?.bytes ?? []).compactMap { try? ProgressLine(line: Data($0)) }
    }
}
