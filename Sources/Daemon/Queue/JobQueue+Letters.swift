// Tells people of ends: letters go into the outbox before the end is committed, under names that
// the end in the job's folder decides, so that none is lost with the process and none written
// twice. Nothing that goes wrong here touches a job.

import DurableIO
import Failures
import Jobs
import Letters
import Logging
import Store
import SystemPackage

extension JobQueue {
    private static let messageBytesMax = 8_000
    /// In a letter about many.
    private static let shortBytesMax = 300
    /// As many jobs of one user as are looked at for the last letter.
    private static let rowsMax = 1_000

    /// - Parameters:
    ///   - rows: of jobs that end now, not yet committed.
    ///   - count: how many jobs of a user are unfinished after that.
    func writeLetters(_ rows: [JobRow], unfinished count: (Int) -> Int) {
        guard configuration.notify != nil, !rows.isEmpty else { return }
        var letters: [Letter] = []
        var last: [Int: [NotifyWish]] = [:]
        for row in rows {
            let (own, usual) = wishes(of: row)
            letters += self.letters(for: row, own ?? usual)
            // A wish to know of the last job is about all of them: one that one job has besides
            // does not take it away.
            last[row.owner, default: []] += [own, usual].compactMap(\.self)
                .filter { $0.on.contains(.last) }
        }
        for (owner, wishes) in last where !wishes.isEmpty && count(owner) == 0 {
            do {
                letters += try lastLetters(to: owner, wishes, rows.filter { $0.owner == owner })
            } catch {
                tellUnwritten("the last one of user \(owner)", error)
            }
        }
        put(letters)
    }

    private func put(_ letters: [Letter]) {
        guard !letters.isEmpty else { return }
        let box = LetterBox(folders.notify)
        do { try box.make() } catch { return tellUnwritten("\(letters.count)", error) }
        for letter in letters {
            do { _ = try box.put(letter) } catch { tellUnwritten(letter.id, error) }
        }
    }

    private func tellUnwritten(_ what: String, _ error: any Error) {
        logger.warning(
            "a letter is not written",
            metadata: ["letter": "\(what)", "reason": "\(FaultText.describe(error))"])
    }

    /// What the job's manifest says, and what its owner says of all jobs.
    private func wishes(of row: JobRow) -> (own: NotifyWish?, usual: NotifyWish?) {
        func find(_ wish: () throws -> NotifyWish?) -> NotifyWish? {
            do { return try wish() } catch {
                tellUnwritten("of job \(row.id)", error)
                return nil
            }
        }
        return (
            find { try record(of: row)?.description.notify },
            find { try WishBook(folders.notify).page(of: row.owner)?.notify }
        )
    }

    private func record(of row: JobRow) throws -> JobRecord? {
        try live[row.id]?.record ?? JobFolder(folders.job(row.id)).record()
    }

    private func letters(for row: JobRow, _ wish: NotifyWish?) -> [Letter] {
        let kinds: [JobState: (Letter.Kind, NotifyWish.Occasion)] = [
            .done: (.done, .done), .failed: (.failed, .failed),
        ]
        guard let wish, let end = row.finishedAt, let state = JobState(rawValue: row.state),
            let (kind, occasion) = kinds[state], wish.on.contains(occasion)
        else { return [] }
        return Letter.all(
            kind, "\(row.id)-\(end)", to: row.owner, wish, now: configuration.clock.now(),
            jobs: [job(row, bytesMax: Self.messageBytesMax)])
    }

    private func lastLetters(
        to owner: Int, _ wishes: [NotifyWish], _ ended: [JobRow]
    ) throws -> [Letter] {
        guard let end = ended.compactMap(\.finishedAt).max() else { return [] }
        let final = JobState.allCases.filter(\.isFinal).map(\.rawValue)
        let rows = try index.newestJobs(countMax: Self.rowsMax, in: final, of: owner)
        let before = LetterBox(folders.notify).newestLast(of: owner)
        // Written before the commit, and again where that failed: the same letter, not a later one.
        let batch = LastBatch.rows(rows, ended: ended, after: before == end ? nil : before)
        // Who has cancelled all of them knows.
        guard batch.contains(where: { $0.state != JobState.cancelled.rawValue }) else { return [] }
        let jobs = batch.prefix(LastBatch.countMax).map { job($0, bytesMax: Self.shortBytesMax) }
        return wishes.flatMap { wish in
            Letter.all(
                .last, "\(end)", to: owner, wish, now: configuration.clock.now(), jobs: jobs,
                more: batch.count - jobs.count)
        }
    }

    private func job(_ row: JobRow, bytesMax: Int) -> Letter.Job {
        let state = JobState(rawValue: row.state) ?? .failed
        // Of earlier jobs, and of those whose end is found at a start, only the row is known.
        let model = live[row.id]?.record.description.model ?? row.model
        let failure = row.failureClass.flatMap(FailureClass.init(rawValue:)).map {
            WorkerOutcome.Failure(
                failureClass: $0,
                message: String(decoding: (row.reason ?? "").utf8.prefix(bytesMax), as: UTF8.self))
        }
        // Whether they are there still is for who sends the letter to see: the disk may be slow,
        // and the queue waits.
        let results =
            state == .done
            ? Publisher.place(ofJob: row.id, name: row.name, owner: row.owner, in: folders.results)
                .string : nil
        return Letter.Job(
            id: row.id, name: row.name, state: state,
            model: model.flatMap { $0.isEmpty ? nil : $0 }, submittedAt: row.submittedAt,
            startedAt: row.startedAt, finishedAt: row.finishedAt ?? configuration.clock.now(),
            failure: failure, results: results)
    }
}
