// The decisions about units of work in a queue of other machines: events go in, actions come out.
// No clock, no files, no processes, so that tests can walk through any order of events. Whoever
// carries the actions out puts records on disk in their order.
//
// The truth about a unit is its attempt file, then the queue's word, then nothing: an answer that
// cannot be had says nothing, and what an answer does not show is waited for.

package struct ClusterState: Sendable, Hashable {
    package private(set) var limits: ClusterLimits
    package internal(set) var entries: [UnitKey: Entry] = [:]
    var jobs: [String: Job] = [:]
    private var nextSequence = 0

    /// When the last submit commands began, within the window that is looked at.
    private var sentTimes: [Int] = []

    // The queue.
    var isPolling = false
    var nextPollAt = 0
    private var nextLookAt = 0
    private var failedPolls = 0
    private var lastAnswerAt: Int?
    private var isAlarmed = false

    package init(limits: ClusterLimits = ClusterLimits()) {
        self.limits = limits
    }

    package mutating func replace(limits: ClusterLimits) { self.limits = limits }

    /// Jobs that have units here.
    package var running: [String] { jobs.keys.sorted() }

    /// Units that are in the queue or may be.
    package var outCount: Int { entries.values.count { $0.phase.isOut } }

    package func entries(of job: String) -> [Entry] {
        (jobs[job]?.units ?? []).compactMap { entries[UnitKey(job: job, unit: $0)] }
    }

    /// Takes in one event.
    /// - Parameter now: milliseconds of a clock that never jumps.
    /// - Returns: what is to be done, in this order.
    package mutating func handle(_ event: ClusterEvent, now: Int) -> [ClusterAction] {
        var actions: [ClusterAction] = []
        switch event {
        case .began(let job, let attempt, let units): begin(job, attempt, units, now: now)
        case .abandoned(let job, let attempt, let units):
            begin(job, attempt, units, now: now)
            end(job, .cancelled, &actions)
        case .asking(let token, let job, let times): asking(token, job, times)
        case .answered(let token, let job, let answer):
            answered(token, job, answer, now: now, &actions)
        case .polled(let sightings, let askedAt):
            heard(now: now, &actions)
            polled(sightings, askedAt: askedAt, now: now, &actions)
        case .pollFailed(let reason): unheard(reason, now: now, &actions)
        case .kept(let token, let job): kept(token, job)
        case .found(let token, let job, let result): found(token, job, result, now: now, &actions)
        case .cancelled(let job): end(job, .cancelled, &actions)
        case .ticked: break
        }
        finishJobs(&actions)
        sendNext(now: now, &actions)
        plan(now: now, &actions)
        return actions
    }

    // MARK: Jobs

    private mutating func begin(
        _ job: String, _ attempt: String, _ units: [UnitStart], now: Int
    ) {
        guard jobs[job] == nil else { return }
        jobs[job] = Job(attempt: attempt, units: units.map(\.name), sequence: nextSequence)
        nextSequence += 1
        for unit in units {
            let key = UnitKey(job: job, unit: unit.name)
            // What is on record of another attempt is over.
            let record = unit.record.flatMap { $0.attempt == attempt ? $0 : nil }
            let phase: Phase =
                if let record { record.id.map { .sent(id: $0, nil) } ?? .unanswered(nil) } else {
                    .waiting(notBefore: nil)
                }
            let counts = record?.counts ?? UnitCounts()
            // What was asked for by what an earlier daemon knew counts.
            let times = record?.minutes.map {
                unit.times.holding($0, after: counts.timeouts)
            }
            entries[key] = Entry(
                key: key, attempt: attempt, needs: unit.needs, memorySteps: unit.memorySteps,
                times: times ?? unit.times, minutes: record?.minutes,
                number: record?.number ?? 1, counts: counts, phase: phase, sentAt: now,
                isInherited: record != nil)
            // What an earlier daemon sent is looked for at once.
            if record != nil { (nextPollAt, nextLookAt) = (min(nextPollAt, now), now) }
        }
    }

    /// The job is to end; what is in the queue is taken out of it, and then it is finished.
    mutating func end(_ job: String, _ end: ClusterEnd, _ actions: inout [ClusterAction]) {
        guard jobs[job] != nil, jobs[job]?.ending == nil else { return }
        jobs[job]?.ending = end
        for entry in entries(of: job) {
            // By the queue's word it is over; nobody waits for its file any more.
            if case .ending = entry.phase { entries[entry.key]?.phase = .waiting(notBefore: nil) }
        }
        let ids = entries(of: job).compactMap { entry in
            if case .sent(let id, _) = entry.phase { id } else { nil }
        }
        if !ids.isEmpty { actions.append(.cancel(ids: ids)) }
    }

    private mutating func finishJobs(_ actions: inout [ClusterAction]) {
        for (name, job) in jobs.sorted(by: { $0.value.sequence < $1.value.sequence }) {
            let entries = entries(of: name)
            if let end = job.ending {
                guard entries.allSatisfy({ !$0.phase.isOut && $0.aftermath == nil }) else {
                    continue
                }
                finish(name, end, &actions)
            } else if entries.last?.phase == .done, entries.allSatisfy({ $0.aftermath == nil }) {
                finish(name, .succeeded, &actions)
            }
        }
    }

    private mutating func finish(
        _ name: String, _ end: ClusterEnd, _ actions: inout [ClusterAction]
    ) {
        for unit in jobs[name]?.units ?? [] { entries[UnitKey(job: name, unit: unit)] = nil }
        jobs[name] = nil
        actions.append(.finish(job: name, end))
    }

    // MARK: Sending

    private mutating func sendNext(now: Int, _ actions: inout [ClusterAction]) {
        sentTimes.removeAll { $0 <= now - limits.sendWindowMilliseconds }
        var free = min(
            limits.units - outCount, limits.sendings - sendingCount,
            limits.sendingsInWindow - sentTimes.count)
        guard free > 0 else { return }
        for (name, job) in jobs.sorted(by: { $0.value.sequence < $1.value.sequence })
        where job.ending == nil {
            for unit in job.units where free > 0 {
                let key = UnitKey(job: name, unit: unit)
                guard var entry = entries[key], case .waiting(let time) = entry.phase,
                    (time ?? now) <= now, isReady(entry)
                else { continue }
                entry.phase = .sending
                entry.sentAt = now
                (entry.word, entry.reason) = (nil, "")
                entry.minutes = nil
                entry.isInherited = false
                entries[key] = entry
                actions.append(.send(key, entry.record))
                sentTimes.append(now)
                free -= 1
            }
        }
    }

    /// Submit commands that run.
    private var sendingCount: Int {
        entries.values.count { $0.phase == .sending || $0.aftermath?.isSending == true }
    }

    private func isReady(_ entry: Entry) -> Bool {
        entry.needs.allSatisfy { entries[UnitKey(job: entry.key.job, unit: $0)]?.phase == .done }
    }

    private mutating func asking(_ token: UnitToken, _ job: String, _ times: TimeLadder) {
        let key = UnitKey(job: job, unit: token.unit)
        guard var entry = entries[key], entry.token == token else { return }
        entry.times = times
        entry.minutes = times.minutes(after: entry.counts.timeouts)
        entries[key] = entry
    }

    private mutating func answered(
        _ token: UnitToken, _ job: String, _ answer: SubmitAnswer, now: Int,
        _ actions: inout [ClusterAction]
    ) {
        let key = UnitKey(job: job, unit: token.unit)
        // An attempt file, or the queue itself, may have been faster.
        guard var entry = entries[key], entry.token == token, entry.phase == .sending else {
            return answeredLate(token, key, answer, now: now, &actions)
        }
        switch answer {
        case .sent(let id):
            entry.phase = .sent(id: id, nil)
            (entry.later, entry.unsent) = (0, 0)
            entries[key] = entry
            actions.append(.record(key, entry.record))
            if jobs[job]?.ending != nil { actions.append(.cancel(ids: [id])) }
        case .unknown(let text):
            entry.phase = .unanswered(nil)
            entry.unsentWords = text
            entries[key] = entry
            actions.append(
                .tell(
                    job: job,
                    "whether unit `\(key.unit)` was sent is not known (\(text)); it is looked for "
                        + "in the queue before anything is sent again"))
        case .later(let text):
            entry.later += 1
            guard entry.later < limits.laterMax else {
                entry.phase = .waiting(notBefore: nil)
                entries[key] = entry
                return end(job, .failed(.refused(key, text)), &actions)
            }
            entry.phase = .waiting(notBefore: now + delay(after: entry.later))
            entries[key] = entry
            actions.append(.tell(job: job, "the queue takes unit `\(key.unit)` later: \(text)"))
        case .refused(let text):
            entry.phase = .waiting(notBefore: nil)
            entries[key] = entry
            end(job, .failed(.refused(key, text)), &actions)
        }
    }

    /// Milliseconds before the next sending, after so many that led to nothing.
    func delay(after count: Int) -> Int {
        let delays = limits.laterMilliseconds
        return delays[max(0, min(count, delays.count) - 1)]
    }

    /// Of a try that is not needed any more: an earlier one is done.
    private mutating func answeredLate(
        _ token: UnitToken, _ key: UnitKey, _ answer: SubmitAnswer, now: Int,
        _ actions: inout [ClusterAction]
    ) {
        guard entries[key]?.token == token, entries[key]?.aftermath?.isSending == true else {
            return
        }
        entries[key]?.aftermath?.isSending = false
        entries[key]?.aftermath?.since = now
        switch answer {
        case .sent(let id): actions.append(.cancel(ids: [id]))
        case .unknown: entries[key]?.aftermath?.isUnanswered = true
        case .later, .refused: break
        }
    }

    // MARK: Asking

    private mutating func heard(now: Int, _ actions: inout [ClusterAction]) {
        isPolling = false
        failedPolls = 0
        lastAnswerAt = now
        nextPollAt = now + limits.pollMilliseconds
        nextLookAt = now + limits.lookMilliseconds
        if isAlarmed {
            isAlarmed = false
            actions.append(.alarm(nil))
        }
    }

    private mutating func unheard(
        _ reason: String, now: Int, _ actions: inout [ClusterAction]
    ) {
        isPolling = false
        failedPolls += 1
        let factor = 1 << min(failedPolls - 1, 8)
        nextPollAt = now + min(limits.backOffMilliseconds, limits.pollMilliseconds * factor)
        // Silence begins with the first question, where there never was an answer.
        let since = lastAnswerAt ?? now
        lastAnswerAt = since
        if !isAlarmed, now - since >= limits.silenceMilliseconds {
            isAlarmed = true
            actions.append(.alarm(reason))
        }
    }

    /// What is to be done next, and when.
    private mutating func plan(now: Int, _ actions: inout [ClusterAction]) {
        let timed = entries.values.compactMap { entry -> Int? in
            if case .waiting(let time) = entry.phase { time } else { nil }
        }.filter { $0 > now }.min()
        var times = timed.map { [$0] } ?? []
        if let first = sentTimes.first, sentTimes.count >= limits.sendingsInWindow {
            times.append(first + limits.sendWindowMilliseconds)
        }
        let isWatching = entries.values.contains {
            switch $0.phase {
            case .unanswered, .sent, .ending: true
            case .done: $0.aftermath != nil
            case .waiting, .sending: false
            }
        }
        if isWatching {
            if !isPolling, nextPollAt <= now {
                isPolling = true
                actions.append(.poll)
            } else if nextLookAt <= now {
                nextLookAt = now + limits.lookMilliseconds
                actions.append(.look)
            }
            if !isPolling { times.append(nextPollAt) }
            times.append(max(nextLookAt, now + 1))
        } else {
            // Nobody asks: that is no silence.
            lastAnswerAt = nil
        }
        if let next = times.min() { actions.append(.wake(at: next)) }
    }
}
