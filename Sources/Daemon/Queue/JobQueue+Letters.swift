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
        for row in rows {
            letters += self.letters(for: row, ownWish(of: row) ?? usualWish(of: row.owner))
        }
        for (owner, rows) in Dictionary(grouping: rows, by: \.owner) where count(owner) == 0 {
            do {
                letters += try lastLetters(to: owner, rows)
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

    /// What the job's manifest says.
    private func ownWish(of row: JobRow) -> NotifyWish? {
        do {
            let record = try live[row.id]?.record ?? JobFolder(folders.job(row.id)).record()
            return record?.description.notify
        } catch {
            tellUnwritten("of job \(row.id)", error)
            return nil
        }
    }

    /// What a user says of all jobs.
    private func usualWish(of owner: Int) -> NotifyWish? {
        do { return try WishBook(folders.notify).page(of: owner)?.notify } catch {
            tellUnwritten("of user \(owner)", error)
            return nil
        }
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

    /// A wish to know of the last job is about all of them: it counts whichever of the jobs has it,
    /// and takes away none that another has.
    private func lastLetters(to owner: Int, _ ended: [JobRow]) throws -> [Letter] {
        guard let end = ended.compactMap(\.finishedAt).max() else { return [] }
        let final = JobState.allCases.filter(\.isFinal).map(\.rawValue)
        let rows = try index.newestJobs(countMax: Self.rowsMax, in: final, of: owner)
        let uncut = LastBatch.rows(rows, ended: ended, after: nil)
        let asked = uncut.prefix(max(LastBatch.countMax, ended.count)).map(ownWish)
        let usual = usualWish(of: owner)
        func last(_ wishes: some Sequence<NotifyWish?>) -> [NotifyWish] {
            wishes.compactMap(\.self).filter { $0.on.contains(.last) }
        }
        guard !last(asked + [usual]).isEmpty else { return [] }
        // Written before the commit, and again where that failed: the same letter, not a later one.
        let before = LetterBox(folders.notify).newestLast(of: owner, besides: end)
        // The first of those above.
        let batch = LastBatch.rows(rows, ended: ended, after: before)
        let wishes = last(asked.prefix(batch.count) + [usual])
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
