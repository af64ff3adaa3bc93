// Removal of results and jobs, by people. What is removed gets another name at once, durably, and
// is deleted behind the answer: an end of the daemon at any point leaves it there or gone.

import DurableIO
import Failures
package import Jobs
import Logging
import Store
import SystemPackage

extension JobQueue {
    /// Removes the results of a finished job, or all that there is of it.
    ///
    /// Doing it again frees nothing more and is no error, as long as the job is known.
    /// - Throws: `ErrorDocument`: not found, forbidden, refused (the job is not finished);
    ///   `SystemCallError`, `StoreError`: then it may be done again.
    package func remove(
        _ id: String, what: RemovedPart, by caller: Caller
    ) throws -> RemovalReceipt {
        let row = try existing(id)
        guard caller.mayChange(jobOf: row.owner) else {
            throw ErrorDocument(
                code: .forbidden,
                message: "job \(id) is of user \(row.owner): only that user and administrators "
                    + "may remove it")
        }
        guard live[id] == nil, try row.knownState().isFinal else {
            throw ErrorDocument(
                code: .refused,
                message: "job \(id) is \(row.state): cancel it, or wait until it has ended")
        }
        var bytes = try removeResults(of: row, by: caller.user)
        if what == .job { bytes = bytes.addingClamped(try removeJob(row, by: caller.user)) }
        countResults()
        return RemovalReceipt(id: id, what: what, freedBytes: bytes)
    }

    /// - Parameter user: who wants it; nil for a rule of retention.
    /// - Returns: bytes freed.
    func removeResults(of row: JobRow, by user: Int?) throws -> Int {
        let moved = try Publisher.discardAll(
            ofJob: row.id, name: row.name, owner: row.owner, in: folders.results)
        // Empty files and folders are something, too.
        guard let bytes = moved else { return 0 }
        logger.notice(
            "results removed",
            metadata: ["job": "\(row.id)", "bytes": "\(bytes)", "by": "\(Self.name(of: user))"])
        try index.commit([.init(event: try removal(row.id, "results-removed", user, bytes))])
        keepAudit()
        emptyTrash()
        return bytes
    }

    private func removeJob(_ row: JobRow, by user: Int) throws -> Int {
        let folder = folders.job(row.id)
        var bytes = 0
        if try Syscalls.stat(folder) != nil {
            bytes = FolderTree.byteCount(of: folder)
            let trash = folders.jobs.appending(Publisher.trashName(ofJob: row.id))
            try Syscalls.renameExclusively(folder, to: trash)
            try Syscalls.syncFolder(folders.jobs)
        }
        logger.notice(
            "job removed", metadata: ["job": "\(row.id)", "by": "\(Self.name(of: user))"])
        try index.removeJob(row.id, event: try removal(row.id, "job-removed", user, bytes))
        keepAudit()
        models[row.id] = nil
        if let move = move(row) { witness.hear(.removed(move)) }
        emptyTrash()
        return bytes
    }

    private func removal(
        _ id: String, _ type: String, _ user: Int?, _ bytes: Int
    ) throws -> EventRow {
        struct EventData: Encodable {
            /// User number; missing where a rule did it.
            let by: Int?
            let bytes: Int
        }
        let data = String(
            decoding: try JobJSON.encode(EventData(by: user, bytes: bytes)), as: UTF8.self)
        return EventRow(at: configuration.clock.now(), job: id, type: type, data: data)
    }

    private static func name(of user: Int?) -> String {
        user.map { "user \($0)" } ?? "retention"
    }

    /// Removes the rows of jobs whose folders were on their way out when the daemon ended.
    func finishRemovals() throws {
        for entry in try DirectoryScan.entries(of: folders.jobs) {
            guard let id = Publisher.job(ofTrash: entry.name.string) else { continue }
            try index.removeJob(id, event: nil)
        }
    }
}
