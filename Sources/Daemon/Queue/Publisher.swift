// Puts results in place, whole or not at all: everything the worker wrote is made durable, the
// folder gets its name, DONE is written last.

import DurableIO
import Failures
package import Jobs
import Publication
package import SystemPackage

package actor Publisher {
    private static let trashPrefix = ".trash-"

    private let results: FilePath
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.publisher")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    package init(results: FilePath) {
        self.results = results
    }

    /// Safe to repeat after an interruption at any point.
    /// - Returns: Nil, or why the results could not be put in place.
    package func publish(_ record: JobRecord) -> WorkerOutcome.Failure? {
        do {
            let partial = results.appending(record.partialResultsName)
            let final = results.appending(record.resultsName)
            if try Syscalls.stat(final) == nil {
                guard try Syscalls.stat(partial) != nil else {
                    return .init(
                        failureClass: .bug,
                        message: "the worker reported success, but its results are not in "
                            + "`\(partial)`; retry the job")
                }
                try Publication(final).place(partial)
            }
            try Publication(final).finish()
            // A second worker's, where the first one's were in place but could not be vouched for.
            try? Self.discard(record, in: results)
            return nil
        } catch {
            // A missing or closed folder is not the fault of who submitted the job; somebody may
            // put it right.
            let stated = FailureClass(of: error)
            let isTaken = (error as? SystemCallError)?.errno == .fileExists
            return .init(
                failureClass: stated == .user && !isTaken ? .transient : stated,
                message: "publishing: \(FaultText.describe(error))")
        }
    }

    /// Whether the job's results are in place.
    package nonisolated static func isPublished(_ record: JobRecord, in results: FilePath) -> Bool {
        Publication(results.appending(record.resultsName)).isDone
    }

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

    /// Deletes what was discarded, now or before an earlier end of the daemon.
    /// - Returns: What could not be deleted, and why.
    package func emptyTrash() -> [String] {
        var problems: [String] = []
        let entries = (try? DirectoryScan.entries(of: results)) ?? []
        for entry in entries where entry.name.string.hasPrefix(Self.trashPrefix) {
            do {
                try FolderTree.remove(results.appending(entry.name))
            } catch {
                problems.append("\(error)")
            }
        }
        return problems
    }
}
