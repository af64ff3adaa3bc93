// One letter: what happened, to whom it is told, and by which way. The daemon writes it, who sends
// letters adds how its tries went.

import Crypto
import DurableIO
import Foundation
package import Jobs
import SystemPackage

/// A file of the outbox. One for each way: a webhook that does not answer holds up no mail.
package struct Letter: Sendable, Equatable, Codable {
    package static let currentVersion = 1
    package static let bytesMax = 1_048_576

    package enum Kind: String, Sendable, Codable, CaseIterable { case done, failed, last, test }
    package enum Way: String, Sendable, Codable, CaseIterable { case mail, webhook }

    /// A job that has ended. Times are milliseconds since 1970 UTC.
    package struct Job: Sendable, Equatable, Codable {
        package var id: String
        package var name: String
        package var state: JobState
        /// Nil where its record is lost.
        package var model: String?
        package var submittedAtMilliseconds: Int
        package var startedAtMilliseconds: Int?
        package var finishedAtMilliseconds: Int
        package var failure: WorkerOutcome.Failure?
        /// The folder of the results, which may be gone by now; nil where there were none.
        package var results: String?

        package init(
            id: String, name: String, state: JobState, model: String?, submittedAt: Int,
            startedAt: Int?, finishedAt: Int, failure: WorkerOutcome.Failure?, results: String?
        ) {
            (self.id, self.name, self.state, self.model) = (id, name, state, model)
            submittedAtMilliseconds = submittedAt
            startedAtMilliseconds = startedAt
            finishedAtMilliseconds = finishedAt
            (self.failure, self.results) = (failure, results)
        }

        private enum CodingKeys: String, CodingKey {
            case id, name, state, model, failure, results
            case submittedAtMilliseconds = "submitted_at_ms"
            case startedAtMilliseconds = "started_at_ms"
            case finishedAtMilliseconds = "finished_at_ms"
        }
    }

    /// A try that did not succeed.
    package struct Try: Sendable, Equatable, Codable {
        package var atMilliseconds: Int
        package var reason: String

        package init(at: Int, reason: String) {
            atMilliseconds = at
            self.reason = reason
        }

        private enum CodingKeys: String, CodingKey {
            case reason
            case atMilliseconds = "at_ms"
        }
    }

    package var version: Int
    /// Its file's name without extension: the same for the same event, so that it is told once.
    package var id: String
    package var kind: Kind
    package var way: Way
    /// User number of who wants to know.
    package var owner: Int
    /// Of mail.
    package var mailbox: NotifyWish.Mailbox?
    /// Of a webhook.
    package var webhook: String?
    package var writtenAtMilliseconds: Int
    /// One, or for `last` the newest of those that ended; none for a test.
    package var jobs: [Job]
    /// Jobs that are not listed.
    package var more: Int
    package var tries: [Try] = []
    /// Not to be sent before this time; nil for at once.
    package var notBeforeMilliseconds: Int?
    /// Where it was sent, and only has to be put away.
    package var sentAtMilliseconds: Int?

    /// The letters for one event: one for each way that the wish names.
    /// - Parameter event: what makes the event another one than those before.
    package static func all(
        _ kind: Kind, _ event: String, to owner: Int, _ wish: NotifyWish, now: Int,
        jobs: [Job] = [], more: Int = 0
    ) -> [Letter] {
        func letter(_ way: Way, to address: String) -> Letter {
            // In a letter about many jobs several wishes meet: each address is told, and once.
            let event = kind == .last ? "\(event).\(digest(of: address))" : event
            return Letter(
                version: currentVersion, id: "\(owner)-\(event)-\(kind.rawValue)-\(way.rawValue)",
                kind: kind, way: way, owner: owner, writtenAtMilliseconds: now, jobs: jobs,
                more: more)
        }
        var letters: [Letter] = []
        if let mailbox = wish.mail {
            let address: String =
                switch mailbox {
                case .owner: ""
                case .address(let address): address
                }
            var mail = letter(.mail, to: address)
            mail.mailbox = mailbox
            letters.append(mail)
        }
        if let address = wish.webhook {
            var call = letter(.webhook, to: address)
            call.webhook = address
            letters.append(call)
        }
        return letters
    }

    /// Sixteen hexadecimal digits.
    private static func digest(of address: String) -> String {
        SHA256.hash(data: Data(address.utf8)).prefix(8)
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private enum CodingKeys: String, CodingKey {
        case version, id, kind, way, owner, mailbox, webhook, jobs, more, tries
        case writtenAtMilliseconds = "written_at_ms"
        case notBeforeMilliseconds = "not_before_ms"
        case sentAtMilliseconds = "sent_at_ms"
    }
}

extension Letter {
    /// When a `last` letter of this user was written for jobs that had ended by then; nil for the
    /// name of any other file.
    package static func endOfLast(_ id: String, of owner: Int) -> Int? {
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "\(owner)", parts[2] == Kind.last.rawValue else {
            return nil
        }
        return Int(parts[1].prefix { $0 != "." })
    }
}

extension Letter {
    /// As it goes out: without folders that somebody has removed or moved since it was written.
    package func withoutLostResults() -> Letter {
        var letter = self
        for place in letter.jobs.indices {
            guard let results = letter.jobs[place].results else { continue }
            // One that cannot be looked at may be there.
            let isLost = (try? Syscalls.stat(FilePath(results)) == nil) ?? false
            if isLost { letter.jobs[place].results = nil }
        }
        return letter
    }
}
