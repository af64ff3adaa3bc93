// What is started, and when: slots, memory by plan, the lane for what takes little time. Jobs of
// the cluster have a limit of their own, and nothing here is taken by them.

import Jobs

extension QueueState {
    private var ready: some Sequence<Entry> {
        entries.values.lazy.filter { $0.isReady && !$0.isRemote }
    }

    private var readyElsewhere: some Sequence<Entry> {
        entries.values.lazy.filter { $0.isReady && $0.isRemote }
    }

    /// Jobs with a worker on this machine.
    private var activeHere: [String] { active.filter { entries[$0]?.isRemote == false } }

    private var lane: [Entry] { active.compactMap { entries[$0] }.filter(\.isInLane) }

    /// Slot seconds by owner, those of running jobs among them.
    private func used(now: Int) -> [Int: Double] {
        // A job that has just begun counts as a minute, so that the free slots of one moment do
        // not all go to one user.
        let secondsMin = 60.0
        var used: [Int: Double] = [:]
        for entry in entries.values where used[entry.owner] == nil {
            used[entry.owner] = shares.used(by: entry.owner, now: now)
        }
        for case let entry? in active.map({ entries[$0] }) {
            used[entry.owner, default: 0] += max(secondsMin, entry.slotSeconds(now: now))
        }
        return used
    }

    /// The queued jobs in the order in which they will start, if all take the same time; delays,
    /// aging and the lane aside.
    package func order(now: Int) -> [String] {
        Order.guess(entries.values.filter { $0.state == .queued }, used: used(now: now))
    }

    mutating func startNext(now: Int, _ actions: inout [QueueAction]) {
        guard !isDraining else {
            if active.isEmpty, count(.publishing) == 0 { actions.append(.stopped) }
            return
        }
        while readyCount > 0, let next = next(now: now) { start(next, now: now, &actions) }
    }

    private mutating func start(_ entry: Entry, now: Int, _ actions: inout [QueueAction]) {
        var entry = entry
        entry.state = .running
        entry.attempt += 1
        entry.startedAt = now
        put(entry)
        actions.append(.record(id: entry.id, .running(attempt: entry.attempt)))
        actions.append(.startWorker(id: entry.id, attempt: entry.attempt))
    }

    /// The job to start now, and which turn it takes.
    private mutating func next(now: Int) -> Entry? {
        let active = activeHere
        if readyElsewhereCount > 0, self.active.count - active.count < limits.clusterSlots {
            let remote = first(of: readyElsewhere, after: startsInOrderElsewhere, now: now)
            if let first = remote.entry {
                startsInOrderElsewhere = starts(
                    after: startsInOrderElsewhere, isOverdue: remote.isOverdue)
                return first
            }
        }
        let laneCount = lane.count
        if active.count - laneCount < limits.slots {
            // Nothing overtakes the first: a large job would wait for ever behind small ones.
            let (first, isOverdue) = first(of: ready, after: startsInOrder, now: now)
            guard let first, fits(first) else { return nil }
            startsInOrder = starts(after: startsInOrder, isOverdue: isOverdue)
            return first
        }
        guard laneCount < limits.laneSlots else { return nil }
        let short = ready.filter { ($0.plan?.seconds ?? .infinity) <= limits.laneSecondsMax }
        guard var entry = Order.first(of: short, used: used(now: now)), fits(entry) else {
            return nil
        }
        entry.isInLane = true
        return entry
    }

    /// - Parameter starts: since one was given to an overdue job.
    private func first(
        of entries: some Sequence<Entry>, after starts: Int, now: Int
    ) -> (entry: Entry?, isOverdue: Bool) {
        if starts >= limits.overdueEvery - 1, let oldest = Order.oldest(of: entries),
            now - oldest.waitingSince > limits.overdueMilliseconds
        {
            return (oldest, true)
        }
        return (Order.first(of: entries, used: used(now: now)), false)
    }

    /// Counts one more start.
    private func starts(after count: Int, isOverdue: Bool) -> Int {
        isOverdue ? 0 : min(count + 1, limits.overdueEvery)
    }

    /// Whether there is memory for the job beside those that run. A job runs alone whatever it
    /// takes: the worker itself refuses what the machine cannot hold.
    private func fits(_ entry: Entry) -> Bool {
        let active = activeHere
        if active.isEmpty { return true }
        guard let plan = entry.plan else { return false }
        var free = limits.memoryBytes
        for id in active {
            guard let peak = entries[id]?.plan?.peakBytes else { return false }
            free -= min(free, peak)
        }
        return plan.peakBytes <= free
    }

    /// The job of which a forecast would help now: one that runs, else one of the first few of
    /// each user.
    /// - Parameter owners: whose jobs are passed over.
    package func nextToPlan(now: Int, passingOver owners: Set<Int> = []) -> String? {
        let active = activeHere
        guard !isDraining, readyCount > 0, !active.isEmpty, limits.slots > 1 || limits.laneSlots > 0
        else { return nil }
        func isAsked(_ entry: Entry) -> Bool {
            entry.isPlanAsked || owners.contains(entry.owner)
        }
        if let running = active.sorted().first(where: { entries[$0].map(isAsked) == false }) {
            return running
        }
        var planned: [Int: Int] = [:]
        for entry in ready where entry.isPlanAsked { planned[entry.owner, default: 0] += 1 }
        let candidates = ready.filter {
            !isAsked($0) && planned[$0.owner] ?? 0 < limits.plansAheadMax
        }
        return Order.first(of: candidates, used: used(now: now))?.id
    }
}
