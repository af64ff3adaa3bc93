// What people order. Who may order what is decided before (JobQueue+Requests).

import Jobs

extension QueueState {
    mutating func cancel(_ id: String, _ actions: inout [QueueAction]) {
        guard var entry = entries[id] else { return }
        switch entry.state {
        case .queued, .held:
            drop(id)
            actions.append(.record(id: id, .cancelled))
            actions.append(.discardResults(id: id))
        case .running:
            entry.state = .cancelling
            put(entry)
            actions.append(.record(id: id, .cancelling))
            actions.append(.stopWorker(id: id))
        case .cancelling, .publishing, .done, .failed, .cancelled:
            break
        }
    }

    /// A job that waits and has units at the cluster is cancelled when nothing of it is there.
    mutating func withdraw(_ id: String, _ actions: inout [QueueAction]) {
        guard var entry = entries[id], isWaiting(id) else { return cancel(id, &actions) }
        entry.state = .cancelling
        entry.isRemote = true
        (entry.hold, entry.notBefore) = (nil, nil)
        actions.append(.record(id: id, .cancelling))
        // Nobody asks the cluster any more: the next daemon finds it so.
        guard !isDraining else { return drop(id) }
        put(entry)
        actions.append(.takeOut(id: id, attempt: entry.attempt))
    }

    mutating func hold(
        _ id: String, _ hold: HoldReason, _ reason: String, _ actions: inout [QueueAction]
    ) {
        guard var entry = entries[id], isWaiting(id), entry.hold != hold else { return }
        entry.state = .held
        entry.hold = hold
        // What does not end by itself is not looked at.
        entry.notBefore = nil
        put(entry)
        actions.append(.record(id: id, .held(hold, reason: reason)))
    }

    mutating func release(_ id: String, now: Int, _ actions: inout [QueueAction]) {
        guard var entry = entries[id], let hold = entry.hold else { return }
        // A heap of jobs that people held for long is not all overdue when they let it go.
        if !hold.endsByItself { entry.waitingSince = now }
        requeue(&entry, notBefore: nil, reason: nil, &actions)
    }

    mutating func prioritize(_ id: String, _ priority: Int, _ band: Int) {
        guard var entry = entries[id] else { return }
        entry.priority = priority
        entry.band = band
        put(entry)
    }

    mutating func planned(_ id: String, _ plan: JobPlan?) {
        guard var entry = entries[id] else { return }
        entry.plan = plan
        entry.isPlanAsked = true
        put(entry)
    }
}
