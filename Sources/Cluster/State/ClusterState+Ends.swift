// How tries of units end, by attempt files and by the queue's word, and what follows.

import Jobs

extension ClusterState {
    // MARK: What workers leave

    mutating func kept(_ token: UnitToken, _ job: String) {
        let key = UnitKey(job: job, unit: token.unit)
        guard entries[key]?.token == token else { return }
        entries[key]?.hasKept = true
    }

    mutating func found(
        _ token: UnitToken, _ job: String, _ result: UnitResult, now: Int,
        _ actions: inout [ClusterAction]
    ) {
        let key = UnitKey(job: job, unit: token.unit)
        guard var entry = entries[key], entry.attempt == token.attempt, entry.phase != .done,
            token.number <= entry.number
        else { return }
        switch result {
        case .succeeded:
            // Of an earlier try that was taken for lost, too: what it did is done.
            let isEarlier = token.number < entry.number
            let superfluous = isEarlier ? entry.id : nil
            // No other try outlives the job.
            if entry.lastSent > 1 {
                var rest = Aftermath(since: now, isSending: false, isUnanswered: false)
                rest.isSending = isEarlier && entry.phase == .sending
                if isEarlier, case .unanswered = entry.phase { rest.isUnanswered = true }
                entry.aftermath = rest
            }
            entry.counted = token.number
            entry.phase = .done
            entries[key] = entry
            if let superfluous { actions.append(.cancel(ids: [superfluous])) }
            actions.append(.counts(token, job: job))
            actions.append(.tell(job: job, "unit `\(key.unit)` is done"))
        case .failed(let failure) where token == entry.token:
            entry.phase = .waiting(notBefore: nil)
            entries[key] = entry
            end(job, .failed(.unit(key, failure)), &actions)
        case .otherProgram(let words) where token == entry.token:
            otherProgram(entry, words, now: now, &actions)
        case .stopped(let seconds) where token == entry.token && entry.phase.isOut:
            if entry.isFarewell(after: seconds) {
                timeOver(entry, now: now, &actions)
            } else {
                interrupt(entry, "it was told to end", now: now, &actions)
            }
        case .failed, .otherProgram, .stopped: break
        }
    }

    // MARK: The queue's word

    mutating func polled(
        _ sightings: [Sighting], askedAt: Int, now: Int, _ actions: inout [ClusterAction]
    ) {
        let byToken = Dictionary(grouping: sightings, by: \.token)
        var superfluous: [String] = []
        for key in entries.keys.sorted() {
            guard let entry = entries[key] else { continue }
            let strays = strays(of: entry, byToken)
            superfluous += strays
            var seen = byToken["\(entry.token)"] ?? []
            switch entry.phase {
            case .done:
                settle(entry, strays, askedAt: askedAt, now: now)
                continue
            case .sending: continue
            // What counted as not sent may be there after all.
            case .waiting: seen = seen.filter { $0.word == .pending || $0.word == .running }
            case .unanswered, .sent, .ending: break
            }
            if let sighting = Self.present(seen, id: entry.id) {
                superfluous += seen.filter { $0.id != sighting.id && !$0.word.isLeaving }
                    .map(\.id)
                self.seen(sighting, entry, now: now, &superfluous, &actions)
            } else if askedAt >= entry.sentAt {
                unseen(entry, now: now, &actions)
            }
        }
        // One command for all of them, besides what ends of jobs have named by now.
        let named = actions.flatMap { action in
            if case .cancel(let ids) = action { ids } else { [String]() }
        }
        let rest = Set(superfluous).subtracting(named)
        if !rest.isEmpty { actions.append(.cancel(ids: rest.sorted())) }
    }

    /// Of several of one token (it was sent twice by mistake of the queue): the one that counts.
    private static func present(_ seen: [Sighting], id: String?) -> Sighting? {
        let alive = seen.filter { !$0.word.isOver }
        func first(_ all: [Sighting]) -> Sighting? {
            all.first { $0.id == id } ?? all.first { $0.word == .running }
                ?? all.min { ($0.id.utf8.count, $0.id) < ($1.id.utf8.count, $1.id) }
        }
        return first(alive) ?? seen.first { $0.id == id }
            ?? seen.max { ($0.id.utf8.count, $0.id) < ($1.id.utf8.count, $1.id) }
    }

    /// What is in the queue of a unit, and that nobody waits for any more.
    private func strays(_ words: [Sighting], isWanted: (Sighting) -> Bool) -> [String] {
        words.filter { !$0.word.isOver && !isWanted($0) }.map(\.id)
    }

    private func strays(of entry: Entry, _ byToken: [String: [Sighting]]) -> [String] {
        let last = entry.phase == .done ? entry.number : entry.number - 1
        guard last >= 1 else { return [] }
        return (1...last).flatMap { number in
            let token = UnitToken(attempt: entry.attempt, unit: entry.key.unit, number: number)
            return strays(byToken["\(token)"] ?? []) { sighting in
                // One that has just written its file is on its way out.
                if sighting.word.isLeaving { return true }
                return number == entry.counted && sighting.word == .running
            }
        }
    }

    /// Whether the queue has anything left of a unit that is done, as far as an answer tells.
    private mutating func settle(_ entry: Entry, _ strays: [String], askedAt: Int, now: Int) {
        guard var rest = entry.aftermath, askedAt >= rest.since, !rest.isSending else { return }
        if strays.isEmpty, rest.isUnanswered {
            // As with every answer that did not come: it may be late.
            let absence = Absence(
                since: rest.absence?.since ?? now, polls: (rest.absence?.polls ?? 0) + 1)
            rest.absence = absence
            rest.isUnanswered = !isUnsent(absence, now: now)
        } else if !strays.isEmpty {
            // They were told to go just now.
            rest.isUnanswered = false
            entries[entry.key]?.aftermath = rest
            return
        }
        entries[entry.key]?.aftermath = rest.isUnanswered ? rest : nil
    }

    private func isUnsent(_ absence: Absence, now: Int) -> Bool {
        absence.polls >= limits.absencePolls && now - absence.since >= limits.unsentMilliseconds
    }

    private mutating func seen(
        _ sighting: Sighting, _ entry: Entry, now: Int, _ superfluous: inout [String],
        _ actions: inout [ClusterAction]
    ) {
        var entry = entry
        let isEnding = jobs[entry.key.job]?.ending != nil
        if entry.word != sighting.word || entry.reason != sighting.reason {
            let reason = sighting.reason.isEmpty ? "" : " (\(sighting.reason))"
            actions.append(
                .tell(
                    job: entry.key.job,
                    "unit `\(entry.key.unit)` is \(sighting.word.text)\(reason), \(sighting.id)"))
        }
        (entry.word, entry.reason) = (sighting.word, sighting.reason)
        if case .over(let end) = sighting.word {
            return over(entry, sighting.id, end, now: now, &actions)
        }
        let isNew = entry.id != sighting.id
        entry.unsent = 0
        entry.phase = .sent(id: sighting.id, nil)
        entries[entry.key] = entry
        if isNew { actions.append(.record(entry.key, entry.record)) }
        if isEnding {
            if !sighting.word.isLeaving { superfluous.append(sighting.id) }
        } else if sighting.word == .pending, QueueReason.cure(sighting.reason) != nil {
            end(entry.key.job, .failed(.impossible(entry.key, sighting.reason)), &actions)
        }
    }

    /// The queue has answered, and does not show it.
    private mutating func unseen(_ entry: Entry, now: Int, _ actions: inout [ClusterAction]) {
        var entry = entry
        func longer(_ absence: Absence?) -> Absence {
            Absence(since: absence?.since ?? now, polls: (absence?.polls ?? 0) + 1)
        }
        switch entry.phase {
        case .unanswered(let before):
            let absence = longer(before)
            guard isUnsent(absence, now: now) else {
                entry.phase = .unanswered(absence)
                entries[entry.key] = entry
                return
            }
            countUnsent(entry, now: now, &actions)
        case .sent(let id, let before):
            let absence = longer(before)
            guard absence.polls >= limits.absencePolls,
                now - absence.since >= limits.absenceMilliseconds
            else {
                entry.phase = .sent(id: id, absence)
                entries[entry.key] = entry
                return
            }
            actions.append(.cancel(ids: [id]))
            lose(entry, "the queue does not know \(id) any more", now: now, &actions)
        case .ending(let id, let end, _): over(entry, id, end, now: now, &actions)
        case .waiting, .sending, .done: break
        }
    }

    /// Over by the queue's word; there is no attempt file, or it would not have come to this.
    private mutating func over(
        _ entry: Entry, _ id: String, _ end: QueueEnd, now: Int, _ actions: inout [ClusterAction]
    ) {
        var entry = entry
        var since = now
        if case .ending(_, _, let first) = entry.phase { since = first }
        entry.phase = .ending(id: id, end, since: since)
        entries[entry.key] = entry
        if end != .nodeFailed { actions.append(.over(entry.token, job: entry.key.job)) }
        if jobs[entry.key.job]?.ending != nil { return rest(entry) }
        let reason = entry.reason.isEmpty ? end.rawValue : "\(end.rawValue), \(entry.reason)"
        // What the worker says itself counts before the queue's word, and may be seen late.
        let isLate = now - since >= limits.fileMilliseconds
        switch end {
        case .completed, .failed:
            guard isLate else { return }
            lose(entry, "the queue says: \(reason)", now: now, &actions)
        case .timeout:
            guard entry.hasKept || isLate else { return }
            timeOver(entry, now: now, &actions)
        case .preempted: interrupt(entry, "it was preempted", now: now, &actions)
        case .nodeFailed: interrupt(entry, "its node failed", now: now, &actions)
        case .outOfMemory:
            guard isLate else { return }
            outOfMemory(entry, &actions)
        case .cancelled:
            guard isLate else { return }
            rest(entry)
            self.end(entry.key.job, .failed(.cancelledInQueue(entry.key, reason)), &actions)
        }
    }

    // MARK: What follows

    /// Nothing of it is in the queue.
    mutating func rest(_ entry: Entry) {
        entries[entry.key]?.phase = .waiting(notBefore: nil)
    }

    /// Another try, under a token of its own.
    private mutating func again(_ entry: Entry, notBefore: Int? = nil) {
        var entry = entry
        entry.number += 1
        entry.phase = .waiting(notBefore: notBefore)
        entry.hasKept = false
        entries[entry.key] = entry
    }

    private mutating func lose(
        _ entry: Entry, _ how: String, now: Int, _ actions: inout [ClusterAction]
    ) {
        var entry = entry
        entry.counts.lost += 1
        guard jobs[entry.key.job]?.ending == nil else { return rest(entry) }
        guard entry.counts.lost < limits.lostMax else {
            rest(entry)
            let failure = ClusterFailure.lost(entry.key, times: entry.counts.lost, how)
            return end(entry.key.job, .failed(failure), &actions)
        }
        actions.append(
            .tell(job: entry.key.job, "unit `\(entry.key.unit)` is sent again: \(how)"))
        again(entry)
    }

    /// What was sent does not come into the queue: it is sent again, later each time, under another
    /// token; should the first be there after all, the two share no folder, and it is taken out
    /// again.
    private mutating func countUnsent(
        _ entry: Entry, now: Int, _ actions: inout [ClusterAction]
    ) {
        var entry = entry
        entry.unsent += 1
        guard jobs[entry.key.job]?.ending == nil else { return rest(entry) }
        guard entry.unsent < limits.unsentMax else {
            rest(entry)
            let failure = ClusterFailure.unsent(
                entry.key, times: entry.unsent, entry.unsentWords)
            return end(entry.key.job, .failed(failure), &actions)
        }
        again(entry, notBefore: now + delay(after: entry.unsent))
    }

    /// What an earlier daemon sent asks for that one's program, and the head and its nodes may have
    /// got another while it was in the queue. Of this daemon's own, one of the two may still be on
    /// its way; what differs for longer is for people to mend.
    private mutating func otherProgram(
        _ entry: Entry, _ words: FailureWords, now: Int, _ actions: inout [ClusterAction]
    ) {
        var entry = entry
        // How it ended is known.
        entry.counts.lost = 0
        if !entry.isInherited { entry.otherProgram += 1 }
        guard jobs[entry.key.job]?.ending == nil else { return rest(entry) }
        guard entry.otherProgram < limits.otherProgramMax else {
            rest(entry)
            return end(entry.key.job, .failed(.unit(entry.key, words)), &actions)
        }
        let wait = entry.isInherited ? nil : delay(after: entry.otherProgram)
        let time = wait.map { "in \($0 / 60_000) min" } ?? "at once"
        actions.append(
            .tell(
                job: entry.key.job,
                "unit `\(entry.key.unit)` is sent again \(time): \(words.message)"))
        again(entry, notBefore: wait.map { now + $0 })
    }

    /// Once: a second class that is too small as well would not be the last.
    private mutating func outOfMemory(_ entry: Entry, _ actions: inout [ClusterAction]) {
        var entry = entry
        guard entry.counts.memorySteps < min(1, entry.memorySteps) else {
            rest(entry)
            return end(entry.key.job, .failed(.memory(entry.key)), &actions)
        }
        entry.counts.memorySteps += 1
        again(entry)
        actions.append(
            .tell(
                job: entry.key.job,
                "unit `\(entry.key.unit)` ran out of memory: it is tried once more with more"))
    }

    /// One that kept something goes on with as much time as it had, another gets more; where people
    /// named the time it gets as much once more: a preemption near the end looks the same.
    private mutating func timeOver(_ entry: Entry, now: Int, _ actions: inout [ClusterAction]) {
        var entry = entry
        guard jobs[entry.key.job]?.ending == nil else { return rest(entry) }
        guard !entry.hasKept else {
            return interrupt(entry, "its time was over", now: now, &actions)
        }
        let most = entry.times.top == .named ? 2 : entry.times.minutes.count
        guard entry.counts.timeouts + 1 < most, !entry.times.minutes.isEmpty else {
            rest(entry)
            return end(entry.key.job, .failed(.time(entry.key, entry.times)), &actions)
        }
        entry.counts.timeouts += 1
        let minutes = entry.times.minutes(after: entry.counts.timeouts) ?? 0
        interrupt(
            entry, "its time was over and nothing was kept, so it gets \(minutes) min", now: now,
            &actions)
    }

    private mutating func interrupt(
        _ entry: Entry, _ how: String, now: Int, _ actions: inout [ClusterAction]
    ) {
        var entry = entry
        // As long as something is done each time there is an end.
        entry.counts.interrupted = entry.hasKept ? 1 : entry.counts.interrupted + 1
        // It did what it could until then.
        (entry.counts.lost, entry.otherProgram) = (0, 0)
        guard jobs[entry.key.job]?.ending == nil else { return rest(entry) }
        guard entry.counts.interrupted < limits.interruptedMax else {
            rest(entry)
            let failure = ClusterFailure.interrupted(
                entry.key, times: entry.counts.interrupted, how)
            return end(entry.key.job, .failed(failure), &actions)
        }
        actions.append(
            .tell(job: entry.key.job, "unit `\(entry.key.unit)` goes on in another try: \(how)"))
        again(entry)
    }
}
