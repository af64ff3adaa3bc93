// What the list command printed, read with suspicion: an answer counts only where it is whole.

package import Failures

/// A unit as the queue shows it.
package struct Sighting: Sendable, Hashable {
    package let id: String
    /// Of the job in the queue's words: our token.
    package let token: String
    package let word: QueueWord
    /// The queue's reason; empty where it gives none.
    package let reason: String

    package init(id: String, token: String, word: QueueWord, reason: String = "") {
        self.id = id
        self.token = token
        self.word = word
        self.reason = reason
    }
}

/// A state by Slurm's names (squeue(1), JOB STATE CODES). A name that nobody knows is alive: what
/// is not known to be over is waited for.
package enum QueueWord: Sendable, Hashable {
    case pending
    case running
    /// It ends, or begins, or waits for something else than its turn.
    case moving(String)
    case over(QueueEnd)

    package init(_ name: String) {
        self =
            switch name {
            case "PENDING": .pending
            case "RUNNING": .running
            case "COMPLETED": .over(.completed)
            case "FAILED", "LAUNCH_FAILED", "RECONFIG_FAIL": .over(.failed)
            case "CANCELLED", "REVOKED": .over(.cancelled)
            case "TIMEOUT", "DEADLINE": .over(.timeout)
            case "NODE_FAIL", "BOOT_FAIL": .over(.nodeFailed)
            case "PREEMPTED": .over(.preempted)
            case "OUT_OF_MEMORY": .over(.outOfMemory)
            default: .moving(name)
            }
    }

    package var isOver: Bool { if case .over = self { true } else { false } }

    /// Whether there is nothing to cancel: it is over, or on its way out.
    package var isLeaving: Bool { isOver || self == .moving("COMPLETING") }

    /// For people.
    package var text: String {
        switch self {
        case .pending: "pending"
        case .running: "running"
        case .moving(let name): name.lowercased()
        case .over(let end): end.rawValue
        }
    }
}

package enum QueueEnd: String, Sendable, Hashable, Codable, CaseIterable {
    case completed, failed, cancelled, timeout, preempted
    case nodeFailed = "node failed"
    case outOfMemory = "out of memory"
}

package enum QueueAnswer {
    /// The columns that an answer begins with, in any case: `squeue -o '%i|%j|%T|%r'` without
    /// `-h` prints them also where nothing is listed, so that "there is nothing" can be told from
    /// an answer that was lost on its way.
    package static let columns = ["JOBID", "NAME", "STATE", "REASON"]
    private static let bytesMax = 16_777_216

    package struct Unusable: ClassifiedFailure, Equatable, CustomStringConvertible {
        package let description: String

        /// Another answer may be whole.
        package var failureClass: FailureClass { .transient }
    }

    /// - Throws: `Unusable` for an answer that says nothing, or may not be whole.
    package static func parse(_ text: String) throws(Unusable) -> [Sighting] {
        guard text.utf8.count <= bytesMax else {
            throw Unusable(description: "its answer is longer than \(bytesMax) bytes")
        }
        guard text.hasSuffix("\n") else {
            throw Unusable(
                description: text.isEmpty
                    ? "it printed nothing, not even the line of columns"
                    : "its answer is cut short")
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        let header = lines.isEmpty ? [] : fields(lines.removeFirst())
        guard header?.map({ $0.uppercased() }) == columns else {
            throw Unusable(
                description: "its answer does not begin with "
                    + "`\(columns.joined(separator: "|"))`")
        }
        var sightings: [Sighting] = []
        for line in lines {
            guard let words = fields(line), !words[0].isEmpty else {
                throw Unusable(description: "its answer has a line of other columns")
            }
            sightings.append(
                Sighting(
                    id: words[0], token: words[1], word: QueueWord(words[2]),
                    reason: words[3] == "None" ? "" : words[3]))
        }
        return sightings
    }

    /// Four; names of other people's jobs may hold the separator, and states and identifiers never
    /// do.
    private static func fields(_ line: Substring) -> [String]? {
        let words = line.split(separator: "|", omittingEmptySubsequences: false)
        guard words.count >= 4 else { return nil }
        let name = words[1..<(words.count - 2)].joined(separator: "|")
        return [words[0], Substring(name), words[words.count - 2], words[words.count - 1]].map {
            String($0).trimmingSpaces
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        let start = drop { $0 == " " }
        return String(start.reversed().drop { $0 == " " }.reversed())
    }
}
