// Rows of jobs that somebody removed.

import GRDB

extension IndexDatabase {
    /// Removes the rows of a job and of its attempts, in one transaction with `event`. Events of
    /// the job stay: they tell who did what. Of a job that has no row nothing is left to do.
    package func removeJob(_ id: String, event: EventRow?) throws(StoreError) {
        try write { db in
            try db.execute(sql: "DELETE FROM attempts WHERE job_id = ?", arguments: [id])
            try db.execute(sql: "DELETE FROM jobs WHERE id = ?", arguments: [id])
            if let event { try event.insert(db) }
        }
    }
}
