// Who did what, once more: beside the jobs, where it outlives the index. A copy, written behind the
// index and not synced by itself; what is missing of it is caught up from the index.

import DurableIO
package import Failures
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

    /// What is in the copy.
    package struct Contents {
        /// The numbers of the acts.
        package var numbers: Set<Int> = []
        /// The number in the first line that can be read, which is no filled one: it was the oldest
        /// when it was written, and what came before it made room for others.
        package var first: Int?
        /// Lines that are no acts any more, of which the first few are told by place.
        package var damaged = 0
        package var places: [String] = []

        fileprivate mutating func note(_ line: Int, of file: FilePath) {
            let placesMax = 3
            damaged += 1
            if places.count < placesMax { places.append("`\(file)`:\(line)") }
        }
    }

    /// Decodes every line, once at each start: of at most two files of about `bytesMax` (300,000
    /// acts of people, which take a few seconds), one of them in memory at a time, and of its lines
    /// their numbers.
    /// - Throws: `SystemCallError`.
    package func contents() throws -> Contents {
        var contents = Contents()
        try forEachLine { bytes, place, file in
            guard let number = Self.line(bytes)?.seq else {
                return contents.note(place, of: file)
            }
            if contents.first == nil { contents.first = number }
            contents.numbers.insert(number)
        }
        return contents
    }

    /// The acts that can be read, by number, each once: all of them decoded and in memory, for an
    /// index that lacks them.
    /// - Throws: `SystemCallError`.
    package func events() throws -> [NumberedEvent] {
        var events: [Int: EventRow] = [:]
        try forEachLine { bytes, _, _ in
            guard let line = Self.line(bytes) else { return }
            events[line.seq] = EventRow(
                at: line.at, job: line.job, type: line.type, data: line.data)
        }
        return events.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// - Parameter body: is called with each line that is not empty, in the order of the files,
    ///   with its number in its file.
    private func forEachLine(
        _ body: (ArraySlice<UInt8>, Int, FilePath) -> Void
    ) throws(SystemCallError) {
        for file in [earlier, path] where try Syscalls.stat(file) != nil {
            var rest = try FileChunk.read(file, from: .offset(0), bytesMax: 2 * bytesMax).bytes[...]
            var number = 0
            while !rest.isEmpty {
                number += 1
                let line = rest.prefix { $0 != UInt8(ascii: "\n") }
                if !line.isEmpty { body(line, number, file) }
                rest = rest.dropFirst(line.count + 1)
            }
        }
    }

    /// Nil where the line is damaged. What the index could not have held, or could not search once
    /// it had it, is no act: one line of broken JSON would spoil every question to it.
    private static func line(_ bytes: ArraySlice<UInt8>) -> Line? {
        struct Act: Decodable {
            let by: Int
        }
        guard bytes.count <= lineBytesMax,
            let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)),
            line.seq > 0, !line.type.isEmpty,
            (try? JSONDecoder().decode(Act.self, from: Data(line.data.utf8))) != nil
        else { return nil }
        return line
    }

    /// Whether an event can be kept at all: longer lines are taken for damage.
    package static func mayKeep(_ event: EventRow) -> Bool {
        let escaped = 2
        return escaped * event.data.utf8.count + 1_024 < lineBytesMax
    }

    /// Old acts for which there is no room without newer ones making it.
    package struct NoRoom: ClassifiedFailure, Equatable, CustomStringConvertible {
        package let count: Int
        package let path: FilePath

        package var failureClass: FailureClass { .resource }
        package var description: String {
            "\(count) earlier acts are not copied again into `\(path)`: it is full, and newer acts "
                + "would have to make room; the index has them"
        }
    }

    /// - Parameter isFill: the events are older than others in the copy, and none of these goes for
    ///   them. They begin no file, since the first line tells how far back the copy goes: where the
    ///   file is not there or empty, they wait for a later fill, behind newer ones.
    /// - Throws: `SystemCallError`; some of the events may be kept then. `NoRoom` for a fill; then
    ///   none is.
    package func append(_ events: [NumberedEvent], isFill: Bool = false) throws {
        guard !events.isEmpty else { return }
        var bytes: [UInt8] = []
        for (sequence, event) in events {
            let line = Line(
                seq: sequence, at: event.at, job: event.job, type: event.type, data: event.data)
            bytes += try Array(JobJSON.encode(line)) + [UInt8(ascii: "\n")]
        }
        let size = try Syscalls.stat(path)?.byteCount ?? 0
        if isFill, size == 0 { return }
        if size > 0, size + bytes.count > bytesMax {
            if isFill { throw NoRoom(count: events.count, path: path) }
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
}
