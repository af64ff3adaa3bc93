// The queue's decisions, and nothing else: events go in, actions come out. No clock, no files, no
// awaiting, so that tests can walk every short sequence of events. `JobQueue` carries them out.
//
// Here are the jobs and the way of an event; beside it what follows from ends (+Ends), from what
// people order (+Orders), and what is started (+Start, Order).

import Failures
package import Jobs

/// The jobs that are not finished, and what is to happen to them.
package struct QueueState: Sendable, Hashable {
    package private(set) var limits: QueueLimits
    package private(set) var entries: [String: Entry] = [:]
    package internal(set) var shares: Shares
    /// True once the daemon stops: nothing is started any more.
    package internal(set) var isDraining = false
    /// Starts since one was given to an overdue job: on this machine, and at the cluster.
    var startsInOrder = 0
    var startsInOrderElsewhere = 0

    // What would take a look at every entry otherwise; kept by `put` and `drop`.
    private var counts: [JobState: Int] = [:]
    private var unfinished: [Int: Int] = [:]
    private(set) var active: Set<String> = []
    private(set) var timed: Set<String> = []
    private(set) var readyCount = 0
    /// Of these, for the cluster.
    private(set) var readyElsewhereCount = 0

    package init(limits: QueueLimits = QueueLimits()) {
        self.limits = limits
        shares = Shares(halfLifeMilliseconds: limits.shareHalfLifeMilliseconds)
    }

    /// Other limits count from now on; what runs goes on.
    package mutating func replace(limits: QueueLimits, now: Int) {
        self.limits = limits
        shares.fade(halfLifeMilliseconds: limits.shareHalfLifeMilliseconds, now: now)
    }

    // MARK: What is there

    package func count(_ state: JobState) -> Int { counts[state] ?? 0 }

    package var queuedCount: Int { count(.queued) }

    /// Unfinished jobs of a user.
    package func count(of owner: Int) -> Int { unfinished[owner] ?? 0 }

    /// Jobs that have a worker.
    package var running: [String] { active.sorted() }

    /// Whether somebody may cancel the job now. A job that is not here is finished or unknown.
    package func mayCancel(_ id: String) -> Bool {
        switch entries[id]?.state {
        case .queued, .held, .running, .cancelling: true
        case .publishing, .done, .failed, .cancelled, nil: false
        }
    }

    /// Whether somebody may hold the job, or give it another place, now.
    package func isWaiting(_ id: String) -> Bool {
        switch entries[id]?.state {
        case .queued, .held: true
        case .running, .publishing, .cancelling, .done, .failed, .cancelled, nil: false
        }
    }

    // MARK: Events

    /// Takes in one event.
    /// - Parameter now: milliseconds of a clock that never jumps.
    /// - Returns: what is to be done, in this order. The records are committed together, before
    ///   anything else is done.
    package mutating func handle(_ event: QueueEvent, now: Int) -> [QueueAction] {
        var actions: [QueueAction] = []
        switch event {
        case .admitted(let entries): entries.forEach { admit($0, &actions) }
        case .ended(let id, let attempt, let end, let seconds):
            ended(id, attempt, end, seconds: seconds, now: now, &actions)
        case .published(let id, let failure): published(id, failure, now: now, &actions)
        case .overQuota(let id, let reason): overQuota(id, reason, now: now, &actions)
        case .cancelled(let id): cancel(id, &actions)
        case .withdrawn(let id): withdraw(id, &actions)
        case .held(let id, let hold, let reason): self.hold(id, hold, reason, &actions)
        case .released(let id): release(id, now: now, &actions)
        case .prioritized(let id, let priority, let band): prioritize(id, priority, band)
        case .roomChecked(let id, let isThere):
            if isThere, entries[id]?.hold?.endsByItself == true {
                release(id, now: now, &actions)
            }
        case .ownerAsked(let id, let isKnown): if isKnown { letBegin(id) }
        case .planned(let id, let plan): planned(id, plan)
        case .ticked: break
        case .drained: drain(&actions)
        case .leaving(let ids):
            for id in ids where mayLeave(id) { drop(id) }
            drain(&actions)
        }
        passTime(now: now, &actions)
        startNext(now: now, &actions)
        if !isDraining, let next = timed.compactMap({ entries[$0]?.notBefore }).min() {
            actions.append(.wake(at: next))
        }
        return actions
    }

    /// A new job, one that is retried, or one found at the start of the daemon.
    private mutating func admit(_ entry: Entry, _ actions: inout [QueueAction]) {
        guard entries[entry.id] == nil else { return }
        var entry = entry
        switch entry.state {
        case .queued where entry.isComputed:
            publish(&entry, &actions)
        case .queued, .held, .running:
            // One that is running was so when the daemon died; how it ended follows.
            put(entry)
        case .publishing:
            put(entry)
            actions.append(.publish(id: entry.id))
        case .cancelling where entry.isRemote:
            // Other machines may have it still; the end follows.
            put(entry)
        case .cancelling:
            // Its worker died with the daemon that ran it.
            actions.append(.record(id: entry.id, .cancelled))
            actions.append(.discardResults(id: entry.id))
        case .done, .failed, .cancelled:
            preconditionFailure("a finished job is not admitted")
        }
    }

    /// Whether the next daemon finds the job as it is. A worker of this machine that is to end is
    /// waited for; a cluster may take long.
    private func mayLeave(_ id: String) -> Bool {
        guard let entry = entries[id] else { return false }
        return entry.state == .running || entry.state == .cancelling && entry.isRemote
    }

    private mutating func drain(_ actions: inout [QueueAction]) {
        guard !isDraining else { return }
        isDraining = true
        actions += running.filter { entries[$0]?.state == .running }.map {
            .stopWorker(id: $0)
        }
    }

    /// What was to wait until now.
    private mutating func passTime(now: Int, _ actions: inout [QueueAction]) {
        guard !isDraining else { return }
        for id in timed.sorted() {
            guard var entry = entries[id], let time = entry.notBefore, time <= now else { continue }
            if let hold = entry.hold {
                entry.notBefore = now + limits.roomCheckMilliseconds
                put(entry)
                actions.append(.checkRoom(id: id, hold))
            } else if entry.waitsForOwner {
                entry.notBefore = now + limits.roomCheckMilliseconds
                put(entry)
                actions.append(.askOwner(id: id))
            } else {
                entry.notBefore = nil
                put(entry)
            }
        }
    }

    // MARK: Entries

    mutating func put(_ entry: Entry) {
        tally(entries.updateValue(entry, forKey: entry.id), -1)
        tally(entry, 1)
    }

    mutating func drop(_ id: String) {
        tally(entries.removeValue(forKey: id), -1)
    }

    private mutating func tally(_ entry: Entry?, _ step: Int) {
        guard let entry else { return }
        counts[entry.state, default: 0] += step
        if counts[entry.state] == 0 { counts[entry.state] = nil }
        unfinished[entry.owner, default: 0] += step
        if unfinished[entry.owner] == 0 { unfinished[entry.owner] = nil }
        if entry.isReady {
            readyCount += step
            if entry.isRemote { readyElsewhereCount += step }
        }
        if step > 0 {
            if entry.isActive { active.insert(entry.id) }
            if entry.notBefore != nil { timed.insert(entry.id) }
        } else {
            active.remove(entry.id)
            timed.remove(entry.id)
        }
    }
}
