// What follows when a worker or the publishing ends.

import Failures
import Jobs

extension QueueState {
    mutating func ended(
        _ id: String, _ attempt: Int, _ end: AttemptEnd, seconds: Double?, now: Int,
        _ actions: inout [QueueAction]
    ) {
        // A word about an attempt that is not the present one is too late to matter.
        guard var entry = entries[id], entry.attempt == attempt, entry.isActive else { return }
        shares.charge(entry.owner, seconds: seconds ?? entry.slotSeconds(now: now), now: now)
        entry.startedAt = nil
        entry.isInLane = false
        if entry.state == .cancelling {
            drop(id)
            actions.append(.record(id: id, .cancelled))
            actions.append(.discardResults(id: id))
            return
        }
        switch end {
        case .succeeded:
            publish(&entry, &actions)
        case .failed(let failure) where failure.failureClass == .transient:
            retryLater(&entry, failure, now: now, &actions)
        case .failed(let failure) where failure.isDiskFull:
            holdForRoom(&entry, failure, now: now, &actions)
        case .failed(let failure):
            finish(id, failure, &actions)
        case .interrupted:
            requeue(&entry, notBefore: nil, reason: nil, &actions)
        case .postponed(let reason):
            postpone(&entry, reason, now: now, &actions)
        case .lost(let message):
            entry.lost += 1
            if entry.lost >= limits.lostMax {
                let text = "the worker died \(entry.lost) times in a row; the last time: \(message)"
                finish(id, .init(failureClass: .bug, message: text), &actions)
            } else {
                requeue(&entry, notBefore: nil, reason: message, &actions)
            }
        case .died(let failure):
            tryOnceMore(&entry, failure, &actions)
        }
    }

    /// What a disk refused once is not written from memory: the kernel may have dropped it. So a
    /// worker makes the results again, with all but the last stage from the cache.
    mutating func published(
        _ id: String, _ failure: WorkerOutcome.Failure?, now: Int,
        _ actions: inout [QueueAction]
    ) {
        guard var entry = entries[id], entry.state == .publishing else { return }
        guard let failure else {
            drop(id)
            return actions.append(.record(id: id, .done))
        }
        switch failure.failureClass {
        case .transient: retryLater(&entry, failure, now: now, &actions)
        case .resource where failure.isDiskFull:
            holdForRoom(&entry, failure, now: now, &actions)
        // Somebody removed them, or the worker never wrote them.
        case .bug: tryOnceMore(&entry, failure, &actions)
        case .resource: finish(id, failure, &actions)
        // All is written, only the name is taken: a retry puts it in place as it is.
        case .user: finish(id, failure, isKept: true, &actions)
        }
    }

    /// Results that may not be kept take the disk's room all the same: they go, and are made again
    /// from the cache once there is room among those of their owner.
    mutating func overQuota(
        _ id: String, _ reason: String, now: Int, _ actions: inout [QueueAction]
    ) {
        guard var entry = entries[id], entry.state == .publishing else { return }
        entry.lost = 0
        entry.state = .held
        entry.hold = .quota
        entry.notBefore = now + limits.roomCheckMilliseconds
        put(entry)
        actions.append(.record(id: id, .held(.quota, reason: reason)))
        actions.append(.discardResults(id: id))
    }

    mutating func publish(_ entry: inout Entry, _ actions: inout [QueueAction]) {
        entry.state = .publishing
        put(entry)
        actions.append(.record(id: entry.id, .publishing))
        actions.append(.publish(id: entry.id))
    }

    mutating func requeue(
        _ entry: inout Entry, notBefore: Int?, reason: String?, _ actions: inout [QueueAction]
    ) {
        entry.state = .queued
        entry.hold = nil
        entry.notBefore = notBefore
        entry.waitsForOwner = false
        put(entry)
        let record = QueueRecord.queued(
            lost: entry.lost, transientFailures: entry.transientFailures, notBefore: notBefore,
            reason: reason)
        actions.append(.record(id: entry.id, record))
    }

    /// It begins again when its owner is known: until then it makes no attempts, of which a
    /// weekend would bring thousands, and nobody can say when that will be.
    private mutating func postpone(
        _ entry: inout Entry, _ reason: String, now: Int, _ actions: inout [QueueAction]
    ) {
        requeue(&entry, notBefore: nil, reason: reason, &actions)
        entry.waitsForOwner = true
        entry.notBefore = now + limits.roomCheckMilliseconds
        put(entry)
    }

    mutating func letBegin(_ id: String) {
        guard var entry = entries[id], entry.state == .queued, entry.waitsForOwner else { return }
        entry.waitsForOwner = false
        entry.notBefore = nil
        put(entry)
    }

    private mutating func tryOnceMore(
        _ entry: inout Entry, _ failure: WorkerOutcome.Failure, _ actions: inout [QueueAction]
    ) {
        entry.lost += 1
        guard entry.lost >= limits.diedMax else {
            return requeue(&entry, notBefore: nil, reason: failure.message, &actions)
        }
        finish(entry.id, failure, &actions)
    }

    private mutating func retryLater(
        _ entry: inout Entry, _ failure: WorkerOutcome.Failure, now: Int,
        _ actions: inout [QueueAction]
    ) {
        entry.lost = 0
        guard entry.transientFailures < limits.transientDelaysMilliseconds.count else {
            return finish(entry.id, failure, &actions)
        }
        let delay = limits.transientDelaysMilliseconds[entry.transientFailures]
        entry.transientFailures += 1
        requeue(&entry, notBefore: now + delay, reason: failure.message, &actions)
    }

    private mutating func holdForRoom(
        _ entry: inout Entry, _ failure: WorkerOutcome.Failure, now: Int,
        _ actions: inout [QueueAction]
    ) {
        let delays = limits.transientDelaysMilliseconds
        let delay =
            entry.diskFailures < delays.count
            ? delays[entry.diskFailures] : delays.last ?? limits.roomCheckMilliseconds
        entry.diskFailures += 1
        entry.lost = 0
        entry.state = .held
        entry.hold = .disk
        entry.notBefore = now + delay
        put(entry)
        actions.append(.record(id: entry.id, .held(.disk, reason: failure.message)))
        // What it left is in the way of others, and is made anew from the cache.
        actions.append(.discardResults(id: entry.id))
    }

    private mutating func finish(
        _ id: String, _ failure: WorkerOutcome.Failure, isKept: Bool = false,
        _ actions: inout [QueueAction]
    ) {
        drop(id)
        actions.append(.record(id: id, .failed(failure)))
        if !isKept { actions.append(.discardResults(id: id)) }
    }
}
