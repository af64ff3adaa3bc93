// Where one try of a unit writes. A node that failed by the queue's word may have a worker that
// lives on, beside its successor's: each has places of its own, named by the token, and the head
// takes what the try wrote whose attempt file counts.

import Cluster
import DurableIO
import Failures
import Jobs
package import SystemPackage

struct TryFolders: Sendable {
    let token: String
    /// `jobs/<id>/units/<unit>/<token>`: the job's folder, to this worker.
    let path: FilePath
    /// `results/.<name>-<id>.<token>.partial`: filled by a try of the whole job alone.
    let results: FilePath

    var log: FilePath { path.appending(WorkerRequest.logFileName) }
    var progress: FilePath { path.appending(WorkerRequest.progressFileName) }
    var heartbeat: FilePath { path.appending(WorkerRequest.heartbeatFileName) }
    /// Where models are written that only evaluations read.
    var scratch: FilePath { path.appending("partial") }

    /// - Parameters:
    ///   - unit: the folder of the unit.
    ///   - partial: where the daemon looks for the job's results.
    init(_ token: String, unit: FilePath, partial: FilePath) {
        self.token = token
        path = unit.appending(token)
        results = partial.removingLastComponent().appending(
            JobRecord.tryResultsName(token, of: partial.lastComponent?.string ?? ""))
    }

    /// Whether the worker has left something in the cache, by its last sign of life.
    var hasKept: Bool { (try? LastBeat(in: heartbeat))?.heartbeat?.kept ?? 0 > 0 }

    /// Gives the results of the try that counts the name by which they are published. Nothing is
    /// done where an earlier daemon has done so.
    func takeResults(to partial: FilePath) throws {
        guard try Syscalls.stat(results) != nil else { return }
        let home = partial.removingLastComponent()
        if let name = partial.lastComponent { try Publisher.discard(name: name.string, in: home) }
        try Syscalls.renameExclusively(results, to: partial)
        try Syscalls.syncFolder(home)
    }

    /// Removes what the try wrote for itself; its log stays.
    func removeLeftovers() throws {
        if try Syscalls.stat(scratch) != nil { try FolderTree.remove(scratch) }
        if let name = results.lastComponent {
            try Publisher.discard(name: name.string, in: results.removingLastComponent())
        }
    }
}

/// What tries left of which nobody knows whether their workers live.
package enum TryLeftovers {
    /// As long as the store waits for unfinished files of other machines.
    static let silenceMilliseconds = 7 * 86_400_000

    /// Removes what workers wrote into units of jobs that are not at the cluster, and have not
    /// said anything for long. What cannot be read or removed stops nothing else.
    /// - Parameter now: in milliseconds since 1970.
    /// - Returns: why something stays, a reason for each place.
    package static func sweep(jobs: FilePath, now: Int) -> [String] {
        var reasons: [String] = []
        func noting<Value>(_ body: () throws -> Value) -> Value? {
            do { return try body() } catch {
                reasons.append(FaultText.describe(error))
                return nil
            }
        }
        for job in noting({ try folders(in: jobs) }) ?? [] {
            let tries = noting { try self.tries(in: UnitFolders(JobFolder(job))) } ?? []
            for tried in tries { _ = noting { try sweep(tried, now: now) } }
        }
        return reasons
    }

    /// Folders of tries of a job that is not at the cluster.
    private static func tries(in folders: UnitFolders) throws -> [FilePath] {
        // They may be there alone: the daemon may have died before it made the new ones.
        folders.removeAside()
        guard try Syscalls.stat(folders.path) != nil, try folders.plan() == nil else { return [] }
        return try self.folders(in: folders.path).flatMap(self.folders)
    }

    private static func sweep(_ tried: FilePath, now: Int) throws {
        let scratch = tried.appending("partial")
        guard try Syscalls.stat(scratch) != nil,
            isSilent(tried.appending(WorkerRequest.progressFileName), now: now),
            isSilent(tried.appending(WorkerRequest.heartbeatFileName), now: now),
            isSilent(scratch, now: now)
        else { return }
        try FolderTree.remove(scratch)
    }

    /// Whether results of this name are a try's which may go on: they are left alone.
    static func mayGrow(_ path: FilePath, now: Int) -> Bool {
        let name = path.lastComponent?.string ?? ""
        return name.contains(".\(UnitToken.prefix)") && !isSilent(path, now: now)
    }

    /// Whether nothing was written there for long; workers give signs of life all the time.
    private static func isSilent(_ path: FilePath, now: Int) -> Bool {
        guard let status = (try? Syscalls.stat(path)) ?? nil else { return true }
        return now - Int(status.modifiedNanoseconds / 1_000_000) > silenceMilliseconds
    }

    private static func folders(in path: FilePath) throws -> [FilePath] {
        try DirectoryScan.entries(of: path).filter { $0.kind == .folder }.map {
            path.appending($0.name)
        }
    }
}
