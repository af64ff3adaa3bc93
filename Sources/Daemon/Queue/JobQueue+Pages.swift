// Lists that people page through: the jobs, and who did what.

import Foundation
package import Jobs
import Store

extension JobQueue {
    /// Jobs in the order that the query asks for, and where the next ones begin. A job that begins
    /// or ends between two pages may be missed by the second, or be in both.
    package func page(_ query: JobQuery) throws -> JobList {
        // One more tells whether there are more.
        let rows = try query.order == .submitted ? submitted(query) : standing(query)
        let places = startPlaces()
        forgetModels()
        let shown = rows.prefix(query.limit)
        let isLast = rows.count <= query.limit
        let next = isLast ? nil : try shown.last.map { try cursor($0, query.order).text }
        return JobList(
            jobs: try shown.map { try summary(of: $0, ahead: places[$0.id]) }, next: next)
    }

    private func submitted(_ query: JobQuery) throws -> [JobRow] {
        let words = query.states.isEmpty ? nil : query.states.map(\.rawValue)
        return try index.newestJobs(
            countMax: query.limit + 1, in: words, of: query.user, model: query.model,
            words: query.words, before: query.after?.sequence)
    }

    /// What is not finished is known here; of the rest, the index is asked for as much as is
    /// missing.
    private func standing(_ query: JobQuery) throws -> [JobRow] {
        let states = Set(query.states.isEmpty ? JobState.allCases : query.states)
        var unfinished: [(cursor: JobCursor, row: JobRow)] = []
        for row in live.values.map(\.row) where query.matches(row) {
            let cursor = try cursor(row, .standing)
            if try states.contains(row.knownState()), query.after.map({ $0 < cursor }) ?? true {
                unfinished.append((cursor, row))
            }
        }
        let rows = unfinished.sorted { $0.cursor < $1.cursor }.prefix(query.limit + 1).map(\.row)
        let finished = states.filter(\.isFinal).map(\.rawValue).sorted()
        guard rows.count <= query.limit, !finished.isEmpty else { return rows }
        let before = query.after.flatMap { $0.standing == 2 ? $0.sequence : nil }
        return rows
            + (try index.newestJobs(
                countMax: query.limit + 1 - rows.count, in: finished, of: query.user,
                model: query.model, words: query.words, before: before))
    }

    /// Number of jobs by state; every state is there.
    /// - Parameter owner: only those of this user.
    package func counts(of owner: Int?) throws -> [JobState: Int] {
        let counts = try index.jobCounts(of: owner)
        return Dictionary(
            uniqueKeysWithValues: JobState.allCases.map { ($0, counts[$0.rawValue] ?? 0) })
    }

    private func cursor(_ row: JobRow, _ order: JobQuery.Order) throws -> JobCursor {
        JobCursor(
            standing: order == .submitted ? JobCursor.submitted : try row.knownState().standing,
            sequence: row.sequence)
    }

    /// - Throws: `ErrorDocument`: there is no such job.
    package func owner(of id: String) throws -> Int { try existing(id).owner }

    static func noJob(_ id: String) -> ErrorDocument {
        ErrorDocument(code: .notFound, message: "there is no job \(id)")
    }

    /// Who did what, the newest first.
    /// - Parameter seenBy: only what this user did, and what was done to jobs of his.
    package func audit(_ query: AuditQuery, seenBy: Int?) throws -> AuditList {
        struct Contents: Decodable {
            let by: Int
            let admin: Bool?
        }
        let rows = try index.audit(
            countMax: query.limit + 1, job: query.job, user: query.user, seenBy: seenBy,
            before: query.after)
        let events = try rows.prefix(query.limit).map { sequence, event in
            let contents = try JSONDecoder().decode(Contents.self, from: Data(event.data.utf8))
            // A job's first event is its state; what somebody did was to submit it.
            let verb = event.type == JobState.queued.rawValue ? "submit" : event.type
            return AuditEvent(
                sequence: sequence, atMilliseconds: event.at, user: contents.by, verb: verb,
                job: event.job, isAdmin: contents.admin ?? false)
        }
        return AuditList(
            events: events, next: rows.count > query.limit ? events.last?.sequence : nil)
    }
}

extension JobQuery {
    /// Whether the row is of the user, about the model, and has the words, as the index would say.
    fileprivate func matches(_ row: JobRow) -> Bool {
        func lowered(_ text: String) -> [UInt8] {
            text.utf8.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 }
        }
        func has(_ text: String, _ piece: String?) -> Bool {
            piece.map { lowered(text).contains(lowered($0)) } ?? true
        }
        return (user ?? row.owner) == row.owner && has(row.model ?? "", model)
            && has("\(row.name)\n\(row.id)\n\(row.reason ?? "")", words)
    }
}
