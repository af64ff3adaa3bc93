// Puts results in place, whole or not at all: DONE lists everything the worker wrote, all of it is
// durable and its owner's, then the folder gets its name below the owner's folder.

import DurableIO
import Failures
import Glibc
package import Jobs
import Publication
package import SystemPackage

package actor Publisher {
    private static let trashPrefix = ".trash-"

    /// What was discarded and cannot be deleted.
    package struct Leftover: Sendable {
        package let folder: FilePath
        /// User number of who put in what stays; nil where that is the daemon's own.
        package let owner: Int?
        package let reason: String

        /// Without names that people gave: on a private server they are not for everybody.
        package var description: String {
            let owner = owner.map { "user \($0) has put into it what layerfoldd may not delete" }
            return "`\(folder)` was discarded and stays: \(owner ?? "it cannot be deleted") "
                + "(the log says why); remove it as root"
        }
    }

    private let results: FilePath
    /// Whether the group of the daemon reads what others made.
    private let groupReads: @Sendable () -> Bool
    private var lacksAccessLists = false
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.publisher")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// - Parameter groupReads: is asked at each publishing.
    package init(
        results: FilePath, groupReads: @autoclosure @escaping @Sendable () -> Bool = true
    ) {
        self.results = results
        self.groupReads = groupReads
    }

    /// Safe to repeat after an interruption at any point.
    /// - Returns: Nil, or why the results could not be put in place.
    package func publish(_ record: JobRecord) -> WorkerOutcome.Failure? {
        do {
            let partial = results.appending(record.partialResultsName)
            let flat = results.appending(record.flatResultsName)
            let final = results.appending(record.resultsName)
            if try Syscalls.stat(flat) != nil {
                // An earlier daemon gave it its name and was interrupted before DONE.
                try Publication(flat).finish()
            } else if try Syscalls.stat(partial) != nil {
                try place(partial, as: final, of: record)
            } else if !Publication(final).isDone {
                return .init(
                    failureClass: .bug,
                    message: "the worker reported success, but its results are not in "
                        + "`\(partial)`; retry the job")
            }
            return nil
        } catch {
            return Self.failure(error)
        }
    }

    private func place(_ partial: FilePath, as final: FilePath, of record: JobRecord) throws {
        let owner = UInt32(clamping: record.owner)
        let access = ResultAccess(owner: owner, groupReads: groupReads())
        try access.prepareHome(final.removingLastComponent())
        if try !Publication(final).place(partial, access: access) { lacksAccessLists = true }
    }

    private static func failure(_ error: any Error) -> WorkerOutcome.Failure {
        let text = "publishing: \(FaultText.describe(error))"
        if let error = error as? SystemCallError, error.errno == .fileExists {
            return .init(
                failureClass: .user,
                message: "\(text). It was put there by somebody else than the daemon; then retry "
                    + "the job: nothing is computed again")
        }
        // A missing or closed folder is not the fault of who submitted the job; somebody may put
        // it right.
        let stated = FailureClass(of: error)
        return .init(
            failureClass: stated == .user ? .transient : stated, message: text,
            isDiskFull: DiskFailures.isDiskFull(error))
    }

    /// Why owners do not get their results by an access list, once for each time that it happens.
    package func takeNotice() -> String? {
        guard lacksAccessLists else { return nil }
        lacksAccessLists = false
        return "the file system of `\(results)` keeps no access lists (POSIX ACL): people read "
            + "their results by the group, and remove them by `layerfold rm`"
    }

    // MARK: Where results are

    /// The folder of a job's whole results: below its owner's, or where earlier daemons put it.
    package nonisolated static func folder(
        of record: JobRecord, in results: FilePath
    ) -> FilePath? {
        folder(
            ofJob: record.id, name: record.description.name, owner: record.owner, in: results)
    }

    package nonisolated static func folder(
        ofJob id: String, name: String, owner: Int, in results: FilePath
    ) -> FilePath? {
        // Not the partial ones, which begin with a dot.
        JobRecord.resultsNames(ofJob: id, name: name, owner: owner)
            .filter { !$0.hasPrefix(".") }.map { results.appending($0) }
            .first { Publication($0).isDone }
    }

    /// Where results of a job are put.
    package nonisolated static func place(
        ofJob id: String, name: String, owner: Int, in results: FilePath
    ) -> FilePath {
        results.appending(JobRecord.resultsNames(ofJob: id, name: name, owner: owner)[0])
    }

    /// Whether the job's results are in place.
    package nonisolated static func isPublished(_ record: JobRecord, in results: FilePath) -> Bool {
        folder(of: record, in: results) != nil
    }

    // MARK: Removal

    /// Takes the partial results out of the way at once; `emptyTrash` deletes them.
    package nonisolated static func discard(_ record: JobRecord, in results: FilePath) throws {
        try discard(name: record.partialResultsName, in: results)
    }

    package nonisolated static func discard(name: String, in results: FilePath) throws {
        let folder = results.appending(name)
        guard try Syscalls.stat(folder) != nil else { return }
        let trash = trashPrefix + JobIdentifier.make(now: DaemonClock.system.now())
        try Syscalls.renameExclusively(folder, to: results.appending(trash))
    }

    /// Takes all results of a job out of the way at once, whole or half, in any place they may
    /// have; `emptyTrash` deletes them.
    /// - Returns: their bytes; nil where there is nothing.
    package nonisolated static func discardAll(
        ofJob id: String, name: String, owner: Int, in results: FilePath
    ) throws -> Int? {
        var bytes: Int?
        let names = JobRecord.resultsNames(ofJob: id, name: name, owner: owner)
        for name in names where try Syscalls.stat(results.appending(name)) != nil {
            let count = FolderTree.byteCount(of: results.appending(name))
            try discard(name: name, in: results)
            bytes = count.addingClamped(bytes ?? 0)
        }
        return bytes
    }

    /// Deletes what was discarded, now or before an earlier end of the daemon.
    /// - Parameter jobs: the folder of jobs, where removed ones lie.
    /// - Returns: What could not be deleted, and why.
    package func emptyTrash(and jobs: FilePath? = nil) -> [Leftover] {
        Self.emptyTrash(of: results) + (jobs.map(Self.emptyTrash) ?? [])
    }

    /// Deletes what lies in `folder` under a name of trash.
    package nonisolated static func emptyTrash(of folder: FilePath) -> [Leftover] {
        var stays: [Leftover] = []
        let entries = (try? DirectoryScan.entries(of: folder)) ?? []
        for entry in entries where entry.name.string.hasPrefix(trashPrefix) {
            let path = folder.appending(entry.name)
            do throws(SystemCallError) {
                if entry.kind == .folder {
                    try FolderTree.remove(path)
                } else {
                    try Syscalls.unlink(path)
                }
            } catch {
                stays.append(
                    Leftover(folder: path, owner: stranger(at: error.path), reason: "\(error)"))
            }
        }
        return stays
    }

    /// Whose the path is, or the folder that holds it, if not the daemon's.
    private nonisolated static func stranger(at path: FilePath) -> Int? {
        let owners = [path, path.removingLastComponent()].compactMap {
            ((try? Syscalls.stat($0)) ?? nil)?.owner
        }
        return owners.first { $0 != geteuid() }.map(Int.init)
    }

    /// The name of a job's folder while it is being removed.
    package nonisolated static func trashName(ofJob id: String) -> String { trashPrefix + id }

    /// The job that a name of trash stands for; nil for other names.
    package nonisolated static func job(ofTrash name: String) -> String? {
        guard name.hasPrefix(trashPrefix) else { return nil }
        let id = String(name.dropFirst(trashPrefix.count))
        return JobIdentifier.isValid(id) ? id : nil
    }
}
