// Who did what, once more: beside the jobs, where it outlives the index. A copy, written behind the
// index and not synced by itself; what is missing of it is caught up from the index.

import DurableIO
import Foundation
import Glibc
import Jobs
package import Store
package import SystemPackage

package struct AuditFile: Sendable {
    package static let name = "audit.jsonl"
    /// Two files of this size, about: more than a hundred thousand acts.
    package static let bytesMax = 16_777_216
    private static let lineBytesMax = 65_536

    private struct Line: Codable {
        let seq: Int
        let at: Int
        let job: String?
        let type: String
        /// JSON, as the index has it.
        let data: String
    }

    private let path: FilePath
    private let bytesMax: Int

    /// - Parameter jobs: the folder of all jobs.
    package init(in jobs: FilePath, bytesMax: Int = AuditFile.bytesMax) {
        path = jobs.appending(Self.name)
        self.bytesMax = bytesMax
    }

    private var earlier: FilePath { FilePath(path.string + ".1") }

    /// All that is kept, by number, each once.
    /// - Throws: `SystemCallError`.
    package func events() throws -> [NumberedEvent] {
        var events: [Int: EventRow] = [:]
        for file in [earlier, path] where try Syscalls.stat(file) != nil {
            for line in try lines(in: file, from: .offset(0), bytesMax: 2 * bytesMax) {
                events[line.seq] = EventRow(
                    at: line.at, job: line.job, type: line.type, data: line.data)
            }
        }
        return events.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The number of the last act that is kept; 0 where there is none.
    /// - Throws: `SystemCallError`.
    package func lastSequence() throws -> Int {
        for file in [path, earlier] where try Syscalls.stat(file) != nil {
            let tail = 4 * Self.lineBytesMax
            if let last = try lines(in: file, from: .end(minus: tail), bytesMax: tail).last {
                return last.seq
            }
        }
        return 0
    }

    /// - Throws: `SystemCallError`; some of the events may be kept then.
    package func append(_ events: [NumberedEvent]) throws {
        guard !events.isEmpty else { return }
        var bytes: [UInt8] = []
        for (sequence, event) in events {
            let line = Line(
                seq: sequence, at: event.at, job: event.job, type: event.type, data: event.data)
            bytes += try Array(JobJSON.encode(line)) + [UInt8(ascii: "\n")]
        }
        let size = try Syscalls.stat(path)?.byteCount ?? 0
        if size > 0, size + bytes.count > bytesMax {
            try Syscalls.rename(path, to: earlier)
        } else if size > 0 {
            // Of a line that a power cut left half, the rest must not be ours.
            let last = try FileChunk.read(path, from: .end(minus: 1), bytesMax: 1).bytes
            if last != [UInt8(ascii: "\n")] { bytes.insert(UInt8(ascii: "\n"), at: 0) }
        }
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
        let file = try Syscalls.open(path, flags, mode: 0o600)
        defer { try? Syscalls.close(file, path) }
        try unsafe Syscalls.write(file, path, bytes.span.bytes)
    }

    /// Whole lines that can be read; others are passed over.
    private func lines(
        in file: FilePath, from start: FileChunk.Start, bytesMax: Int
    ) throws -> [Line] {
        let bytes = try FileChunk.read(file, from: start, bytesMax: bytesMax).bytes
        var splitter = LineSplitter(bytesMax: Self.lineBytesMax)
        return splitter.append(bytes).compactMap {
            try? JSONDecoder().decode(Line.self, from: Data($0))
        }
    }
}
