// What is known of one unit of work.

import Jobs

extension ClusterState {
    /// Since when, and in how many answers, the queue has not shown a unit.
    package struct Absence: Sendable, Hashable {
        package internal(set) var since: Int
        package internal(set) var polls: Int
    }

    /// What may be in the queue of a unit that is done: another try than the one that counts.
    struct Aftermath: Sendable, Hashable {
        /// Only what was asked after this tells.
        var since: Int
        /// The submit command of the last try runs.
        var isSending: Bool
        /// It has run, and nobody knows what came of it.
        var isUnanswered: Bool
        var absence: Absence?
    }

    package enum Phase: Sendable, Hashable {
        /// For units before it, for its turn, or for a time.
        case waiting(notBefore: Int?)
        /// The submit command runs.
        case sending
        /// The submit command has run, or a daemon died over it; nobody knows what came of it.
        case unanswered(Absence?)
        /// In the queue, as far as is known.
        case sent(id: String, Absence?)
        /// Over by the queue's word, and there is no attempt file so far.
        case ending(id: String, QueueEnd, since: Int)
        case done

        /// Whether it is in the queue, or may be.
        var isOut: Bool {
            switch self {
            case .sending, .unanswered, .sent, .ending: true
            case .waiting, .done: false
            }
        }
    }

    package struct Entry: Sendable, Hashable {
        package let key: UnitKey
        package let attempt: String
        package let needs: [String]
        let memorySteps: Int
        /// What the present try asked for is a step of this.
        package internal(set) var times: TimeLadder
        /// That the present try asked for; nil: none, or that is not known.
        var minutes: Int?
        /// Of the present or next try.
        package internal(set) var number: Int
        package internal(set) var counts: UnitCounts
        package internal(set) var phase: Phase
        /// The queue's last word.
        package internal(set) var word: QueueWord?
        package internal(set) var reason = ""
        /// When the present try was sent.
        var sentAt: Int
        /// Of a unit that is done: the try that did it.
        var counted: Int?
        /// Of a unit that is done; nil where no other try of it is in the queue.
        var aftermath: Aftermath?
        /// Whether the present try left something in the cache.
        var hasKept = false
        /// Sendings in a row of which the queue showed nothing, and what it said to the last.
        var unsent = 0
        var unsentWords = ""
        /// Times in a row that the queue would not take it now.
        var later = 0
        /// Whether an earlier daemon sent the present try: its program may have been another.
        var isInherited = false
        /// Tries in a row, of this daemon's, whose nodes had another program.
        var otherProgram = 0

        package var token: UnitToken {
            UnitToken(attempt: attempt, unit: key.unit, number: number)
        }

        /// Of the last try that was sent, or may have been; 0 where none was.
        var lastSent: Int { phase.isOut ? number : number - 1 }

        var id: String? {
            switch phase {
            case .sent(let id, _), .ending(let id, _, _): id
            case .waiting, .sending, .unanswered, .done: nil
            }
        }

        /// Whether an attempt file may be there: some try was sent, or may have been.
        package var mayHaveRun: Bool { phase.isOut || number > 1 }

        var record: UnitRecord {
            UnitRecord(
                attempt: attempt, number: number, id: id, counts: counts, minutes: minutes)
        }
    }

    struct Job: Sendable, Hashable {
        let attempt: String
        /// In their order; the last one is the job.
        let units: [String]
        /// Place in the order of arrival.
        let sequence: Int
        /// Set when it is to end before its last unit.
        var ending: ClusterEnd?
    }
}

extension ClusterState.Entry {
    /// The queue looks at its clock about once a minute: its signal may come so much early. The
    /// worker itself begins a little after its time does.
    private static let earlySeconds = 90

    /// Whether a worker that was told to end after so long was told because its time is nearly
    /// over.
    func isFarewell(after seconds: Double) -> Bool {
        guard let minutes = times.minutes(after: counts.timeouts) else { return false }
        let farewell = Submission.farewellSeconds(minutes)
        let least = minutes * 60 - farewell - Self.earlySeconds
        // Of a time shorter than people may name, whose signal may come early in it, nothing can be
        // told; of those that they may name it has to be: tries could go on doing nothing.
        return minutes >= MinuteCount.leastAsked && seconds >= Double(least)
    }
}
