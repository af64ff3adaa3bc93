// The folder `<state>/notify`: letters that wait, that were sent, and that could not be. Every
// change is durable, and a name decides whether a letter was written before.

package import DurableIO
package import Failures
import Foundation
package import Jobs
package import SystemPackage

package struct LetterBox: Sendable {
    package struct Full: ClassifiedFailure, CustomStringConvertible {
        let path: FilePath
        let count: Int

        package var failureClass: FailureClass { .resource }
        package var description: String {
            "\(count) letters wait in `\(path)`, the most there may be: is anything sending them "
                + "(`systemctl status layerfold-notify.path`, or `layerfold notify send`)?"
        }
    }

    package static let lettersMax = 10_000
    /// Letters that were sent, or could not be, stay for 30 days.
    package static let keptMilliseconds = 30 * 86_400_000
    private static let ending = ".json"

    package let folder: FilePath

    package init(_ folder: FilePath) { self.folder = folder }

    package var outbox: FilePath { folder.appending("outbox") }
    package var sent: FilePath { folder.appending("sent") }
    package var failed: FilePath { folder.appending("failed") }
    package var lock: FilePath { folder.appending("lock") }

    /// Makes what is missing; nobody else looks in.
    package func make() throws(SystemCallError) {
        for path in [folder, outbox, sent, failed] {
            try Syscalls.makeFolders(path, mode: 0o700)
        }
    }

    // MARK: Writing

    /// Puts a letter into the outbox, durably.
    /// - Returns: false where it was written before, whatever became of it.
    /// - Throws: `Full`, `SystemCallError`.
    package func put(_ letter: Letter) throws -> Bool {
        let name = letter.id + Self.ending
        // In this order: who sends moves letters from the first to the others.
        for place in [outbox, sent, failed] {
            if try Syscalls.stat(place.appending(name)) != nil { return false }
        }
        let count = try DirectoryScan.entries(of: outbox).count
        guard count < Self.lettersMax else { throw Full(path: outbox, count: count) }
        do {
            try write(letter, existing: .refuse)
            return true
        } catch let error as SystemCallError where error.errno == .fileExists {
            return false
        }
    }

    /// Writes what became of a letter that waits.
    package func replace(_ letter: Letter) throws { try write(letter, existing: .replace) }

    /// The temporary file lies outside the outbox, whose being empty is watched.
    private func write(_ letter: Letter, existing: DurableFile.Existing) throws {
        let name = letter.id + Self.ending
        var file = try DurableFile.begin(beside: folder.appending(name))
        try file.write(Array(try JobJSON.encodePretty(letter)))
        try file.publish(as: outbox.appending(name), existing: existing, permissions: 0o600)
    }

    /// Puts a letter, or whatever else has that name in the outbox, away.
    package func move(_ name: String, to place: FilePath) throws(SystemCallError) {
        try Syscalls.rename(outbox.appending(name), to: place.appending(name))
        try Syscalls.syncFolder(place)
        try Syscalls.syncFolder(outbox)
    }

    package static func fileName(_ id: String) -> String { id + ending }

    // MARK: Reading

    package struct Contents: Sendable {
        /// The oldest first.
        package var letters: [Letter] = []
        /// Names of what is no letter, each with what is wrong with it.
        package var broken: [(name: String, reason: String)] = []
    }

    /// What waits.
    package func waiting() throws(SystemCallError) -> Contents {
        var contents = Contents()
        for entry in try DirectoryScan.entries(of: outbox) {
            let name = entry.name.string
            do {
                // One that was moved meanwhile is nobody's fault.
                if let letter = try read(outbox.appending(name)) { contents.letters.append(letter) }
            } catch {
                contents.broken.append((name, FaultText.describe(error)))
            }
        }
        contents.letters.sort {
            ($0.writtenAtMilliseconds, $0.id) < ($1.writtenAtMilliseconds, $1.id)
        }
        return contents
    }

    private struct NoLetter: ClassifiedFailure, CustomStringConvertible {
        let failureClass = FailureClass.bug
        let description: String
    }

    private func read(_ path: FilePath) throws -> Letter? {
        guard let status = try Syscalls.stat(path) else { return nil }
        guard status.kind == .regular else { throw NoLetter(description: "it is no file") }
        let letter = try JSONDecoder().decode(
            Letter.self, from: Data(try SmallFile.read(path, bytesMax: Letter.bytesMax)))
        guard letter.version == Letter.currentVersion else {
            throw NoLetter(description: "version \(letter.version) is not known to this build")
        }
        guard path.lastComponent?.string == letter.id + Self.ending else {
            throw NoLetter(description: "its name is not `\(letter.id)`")
        }
        return letter
    }

    /// The newest letters of a user, a few of each state.
    package func newest(of owner: Int, countMax: Int = 5) -> [NotifyReport.Letter] {
        let states: [(FilePath, NotifyReport.Letter.State)] = [
            (outbox, .waiting), (failed, .failed), (sent, .sent),
        ]
        return states.flatMap { place, state in
            names(in: place).filter { $0.hasPrefix("\(owner)-") }
                .compactMap { try? read(place.appending($0 + Self.ending)) }
                .sorted { $0.writtenAtMilliseconds > $1.writtenAtMilliseconds }
                .prefix(countMax)
                .map { .init(id: $0.id, state: state, reason: $0.tries.last?.reason) }
        }
    }

    /// Whether a letter of a user waits that has such a name.
    package func isWaiting(of owner: Int, where isMeant: (String) -> Bool) -> Bool {
        names(in: outbox).contains { $0.hasPrefix("\(owner)-") && isMeant($0) }
    }

    /// When the letter that waits longest was written, or tried last: milliseconds since 1970 UTC.
    /// Nil where none waits.
    package func waitingSince() throws(SystemCallError) -> Int? {
        guard try Syscalls.stat(outbox) != nil else { return nil }
        let nanoseconds: Int64 = 1_000_000
        var oldest: Int?
        for entry in try DirectoryScan.entries(of: outbox) {
            // One that was sent meanwhile waits no more.
            guard let status = try Syscalls.stat(outbox.appending(entry.name)) else { continue }
            let time = Int(status.modifiedNanoseconds / nanoseconds)
            oldest = min(oldest ?? time, time)
        }
        return oldest
    }

    /// When the newest `last` letter of a user was written; nil where none is remembered.
    /// - Parameter end: letters of this end do not count.
    package func newestLast(of owner: Int, besides end: Int) -> Int? {
        [outbox, sent, failed].flatMap(names(in:))
            .compactMap { Letter.endOfLast($0, of: owner) }.filter { $0 != end }.max()
    }

    /// Without extension; none of a folder that is not there.
    private func names(in place: FilePath) -> [String] {
        ((try? DirectoryScan.entries(of: place)) ?? []).map(\.name.string)
            .filter { $0.hasSuffix(Self.ending) }.map { String($0.dropLast(Self.ending.count)) }
    }

    // MARK: Care

    /// Removes what was put away long ago, and what killed processes left half-written. What may
    /// not be removed keeps nothing else.
    /// - Parameter now: milliseconds since 1970 UTC.
    /// - Returns: what stays, and why.
    package func tidy(now: Int) -> [any Error] {
        let hour = 3_600_000
        var problems: [any Error] = []
        for (place, age) in [(sent, Self.keptMilliseconds), (failed, Self.keptMilliseconds)] {
            problems += remove(in: place, olderThan: now - age) { _ in true }
        }
        return problems
            + remove(in: folder, olderThan: now - hour) {
                $0.hasPrefix(".") && $0.hasSuffix(".tmp")
            }
    }

    private func remove(
        in place: FilePath, olderThan time: Int, _ isMeant: (String) -> Bool
    ) -> [any Error] {
        let nanoseconds = 1_000_000
        let entries: [DirectoryScan.Entry]
        do { entries = try DirectoryScan.entries(of: place) } catch { return [error] }
        var problems: [any Error] = []
        for entry in entries where entry.kind == .regular {
            let path = place.appending(entry.name)
            do {
                guard isMeant(entry.name.string), let status = try Syscalls.stat(path),
                    status.modifiedNanoseconds / Int64(nanoseconds) < Int64(time)
                else { continue }
                try Syscalls.unlink(path)
            } catch {
                problems.append(error)
            }
        }
        return problems
    }
}
