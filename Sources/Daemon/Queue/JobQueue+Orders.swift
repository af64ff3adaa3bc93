// What people order, and who may: the owner of a job and admins. Each order is on record with who
// gave it, in the index and in the log; one that is to last is in the job's folder first.

import DurableIO
import Failures
import Foundation
package import Jobs
import Logging
import Store

extension JobQueue {
    /// - Throws: `ErrorDocument`: not found, forbidden, refused, unavailable.
    package func cancel(_ id: String, by caller: Caller) throws -> JobReceipt {
        let row = try allowed(id, caller, "cancel")
        if row.state == JobState.cancelled.rawValue { return try receipt(row) }
        guard live[id] != nil, state.mayCancel(id) else {
            throw ErrorDocument(
                code: .refused, message: "job \(id) is \(row.state): there is nothing to cancel")
        }
        try note(.init("cancel", by: caller), row)
        // An index that was made anew does not know what an earlier daemon sent.
        let mayBeOut = state.isWaiting(id) && isAtCluster(id)
        return try processed(mayBeOut ? .withdrawn(id: id) : .cancelled(id: id), id)
    }

    /// Queues a failed or cancelled job again. Results that are complete and only could not be put
    /// in place are not computed again.
    /// - Throws: `ErrorDocument`: not found, forbidden, refused, unavailable.
    package func retry(_ id: String, by caller: Caller) throws -> JobReceipt {
        var row = try allowed(id, caller, "retry")
        let old = try row.knownState()
        guard old.mayBecome(.queued), old.isFinal else {
            throw ErrorDocument(
                code: .refused,
                message: "job \(id) is \(row.state): only failed and cancelled jobs are retried")
        }
        if let refusal = refusal(of: row.owner) { throw refusal }
        let folder = JobFolder(folders.job(id))
        guard let record = try folder.record() else {
            throw ErrorDocument(code: .refused, message: "the folder of job \(id) is gone")
        }
        var orders = try folder.orders()
        orders.hold = nil
        orders.queuedAtMilliseconds = configuration.clock.now()
        try folder.write(orders)
        row.state = JobState.queued.rawValue
        (row.lost, row.retries) = (0, 0)
        (row.notBefore, row.reason, row.failureClass, row.finishedAt) = (nil, nil, nil, nil)
        row.held = nil
        let isComputed = isComputed(record)
        // It starts again: what the store holds from its first start on is not in use since then.
        // One that is only put in place does not start, and took the time that it took.
        if !isComputed { row.startedAt = nil }
        let event = EventRow(at: configuration.clock.now(), job: id, type: row.state)
        try folder.removeEnd()
        try note(.init("retry", by: caller), row, with: .init(job: row, event: event))
        process(.admitted([entry(record, row, orders, isComputed: isComputed)]))
        return try receipt(existing(id))
    }

    /// Makes a job wait until it is released.
    /// - Throws: `ErrorDocument`: not found, forbidden, refused, unavailable.
    package func hold(_ id: String, by caller: Caller) throws -> JobReceipt {
        let row = try allowed(id, caller, "hold")
        guard state.isWaiting(id) else {
            throw ErrorDocument(
                code: .refused,
                message: "job \(id) is \(row.state): only jobs that wait can be held")
        }
        let present = state.entries[id]?.hold
        // What an admin holds stays so, whatever its owner says.
        let kind: HoldReason = caller.isAdmin && caller.user != row.owner ? .admin : .user
        if present == kind || present == .admin { return try receipt(row) }
        let folder = JobFolder(folders.job(id))
        var orders = try folder.orders()
        orders.hold = .init(
            kind: kind, by: caller.user, atMilliseconds: configuration.clock.now())
        try folder.write(orders)
        try note(.init("hold", by: caller), row)
        return try processed(
            .held(id: id, kind, reason: Self.reason(of: kind, by: caller.user)), id)
    }

    /// Lets a held job go; one that waits for room is tried at once.
    /// - Throws: `ErrorDocument`: not found, forbidden, refused, unavailable.
    package func release(_ id: String, by caller: Caller) throws -> JobReceipt {
        let row = try allowed(id, caller, "release")
        guard let entry = state.entries[id], let hold = entry.hold else {
            throw ErrorDocument(code: .refused, message: "job \(id) is \(row.state), not held")
        }
        guard hold != .admin || caller.isAdmin else {
            throw ErrorDocument(
                code: .forbidden,
                message: "job \(id) is held by an admin: only an admin can release it")
        }
        let folder = JobFolder(folders.job(id))
        var orders = try folder.orders()
        orders.hold = nil
        // What waited for room has waited all the time.
        if state.entries[id]?.hold?.endsByItself == false {
            orders.queuedAtMilliseconds = configuration.clock.now()
        }
        try folder.write(orders)
        try note(.init("release", by: caller), row)
        return try processed(.released(id: id), id)
    }

    /// Gives a job that waits another place.
    /// - Parameter priority: -100 to 100. Above 0 it counts among the owner's jobs only, unless an
    ///   admin gives it.
    /// - Throws: `ErrorDocument`: not found, forbidden, refused, unavailable.
    package func setPriority(
        _ id: String, to priority: Int, by caller: Caller
    ) throws -> JobReceipt {
        var row = try allowed(id, caller, "change the priority of")
        let range = -100...100
        guard range.contains(priority) else {
            throw ErrorDocument(
                code: .refused, message: "priority \(priority): expected -100 to 100")
        }
        guard let record = live[id]?.record, state.isWaiting(id) else {
            throw ErrorDocument(
                code: .refused,
                message: "job \(id) is \(row.state): only jobs that wait have a place")
        }
        let folder = JobFolder(folders.job(id))
        var orders = try folder.orders()
        guard orders.priority?.isAdmin != true || caller.isAdmin else {
            throw ErrorDocument(
                code: .forbidden,
                message: "an admin gave job \(id) its priority: only an admin can change it")
        }
        orders.priority = .init(
            value: priority, by: caller.user, isAdmin: caller.isAdmin,
            atMilliseconds: configuration.clock.now())
        try folder.write(orders)
        row.priority = priority
        try note(.init("priority", by: caller, priority: priority), row, with: .init(job: row))
        live[id]?.row = row
        let (own, band) = orders.place(manifest: record.description.priority)
        return try processed(.prioritized(id: id, priority: own, band: band), id)
    }

    static func reason(of hold: HoldReason, by user: Int) -> String {
        hold == .admin
            ? "held by an admin (user \(user)) until an admin releases it"
            : "held by user \(user) until it is released"
    }

    // MARK: Record

    /// What an event of an order says.
    private struct Order {
        struct Contents: Encodable {
            let by: Int
            let admin: Bool
            let priority: Int?
        }

        let type: String
        let contents: Contents

        init(_ type: String, by caller: Caller, priority: Int? = nil) {
            self.type = type
            contents = Contents(by: caller.user, admin: caller.isAdmin, priority: priority)
        }
    }

    /// Puts the order on record, with what it changes.
    private func note(
        _ order: Order, _ row: JobRow, with change: IndexDatabase.JobChange? = nil
    ) throws {
        let data = String(decoding: try JobJSON.encode(order.contents), as: UTF8.self)
        let event = EventRow(
            at: configuration.clock.now(), job: row.id, type: order.type, data: data)
        try index.commit([.init(event: event)] + (change.map { [$0] } ?? []))
        keepAudit()
        logger.notice(
            "\(order.type)",
            metadata: [
                "job": "\(row.id)", "by": "\(order.contents.by)", "owner": "\(row.owner)",
            ])
    }

    func allowed(_ id: String, _ caller: Caller, _ verb: String) throws -> JobRow {
        let row = try existing(id)
        guard caller.mayChange(jobOf: row.owner) else {
            logger.warning(
                "refused to \(verb) somebody else's job",
                metadata: ["job": "\(id)", "by": "\(caller.user)", "owner": "\(row.owner)"])
            throw ErrorDocument(
                code: .forbidden,
                message: "job \(id) belongs to user \(row.owner): only they and admins can "
                    + "\(verb) it")
        }
        return row
    }

    private func processed(_ event: QueueEvent, _ id: String) throws -> JobReceipt {
        process(event)
        if let degraded {
            throw ErrorDocument(code: .unavailable, message: "not recorded yet: \(degraded)")
        }
        return try receipt(existing(id))
    }
}
