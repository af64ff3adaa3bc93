// Which jobs a letter is about that says "your jobs have ended". Pure.

package import Store

package enum LastBatch {
    /// The most that a letter lists.
    package static let countMax = 50

    /// What ended since its owner last had nothing unfinished, the newest first: from the end of
    /// the last job back to a moment in which none was there, but not behind the letter before.
    /// - Parameters:
    ///   - rows: jobs of one user that have ended, in any order.
    ///   - ended: those that end now; not among the others.
    ///   - before: when the last such letter was written; nil where none is remembered.
    package static func rows(_ rows: [JobRow], ended: [JobRow], after before: Int?) -> [JobRow] {
        var start = ended.map(\.submittedAt).min() ?? .max
        var batch = ended.sorted { ($0.finishedAt ?? 0) > ($1.finishedAt ?? 0) }
        let earlier = rows.filter { row in !ended.contains { $0.id == row.id } }
            .sorted { ($0.finishedAt ?? 0) > ($1.finishedAt ?? 0) }
        for row in earlier {
            guard let finished = row.finishedAt, finished >= start, finished > before ?? .min
            else { break }
            batch.append(row)
            start = min(start, row.submittedAt)
        }
        return batch
    }
}
