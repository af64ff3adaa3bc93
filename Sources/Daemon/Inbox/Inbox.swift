// The inbox: looks through the folder whenever anything hints at it, claims what is complete, and
// turns each claim into a job or a rejection. There is one scan routine; hints only trigger it.
// What stays is told of: in the log once, and to whoever asks. This file: the watch and the report;
// Inbox+Scan.swift: what is taken; Inbox+Claims.swift: what becomes of it.

import DurableIO
import Failures
import Foundation
import Glibc
package import Jobs
package import Logging
import SystemPackage

package actor Inbox {
    let live: LiveConfiguration
    var configuration: DaemonConfiguration { live.current }
    var rejected: RejectedFolder {
        RejectedFolder(folders.rejected, isPrivate: configuration.isPrivate)
    }
    let folders: StateFolders
    let queue: JobQueue
    let logger: Logger
    let earlier: EarlierRejected
    var settling: Settling
    private var watch: WatchBox?
    /// Problems that were logged, so that what lasts is not logged at every scan.
    private(set) var reported: Set<String> = []
    /// Why files stay in the inbox.
    var staying = StayingFiles()
    /// Why nothing at all can be taken.
    private var problem: String?
    /// What is wrong with the folder otherwise.
    private var warnings: [String] = []
    /// Whether the kernel tells of writers here.
    var tellsWriters = false
    /// What claims were when they were looked at, until they are finished.
    var seen: [String: FileStatus] = [:]
    /// Owners whose jobs the queue does not take at present, until when, and why.
    var withoutRoom: [UInt32: (until: ContinuousClock.Instant, reason: String)] = [:]
    /// Hints in the inbox, by the owner they are for.
    var hintCounts: [String: Int] = [:]
    /// Whether something was rejected since the last tidying.
    var hasRejected = true
    private var tidiedAt: Int?
    nonisolated let hints = HintBox()
    let submissions: SubmissionCheck
    let readingLook: ReadingLook
    /// Owners of whom nobody could tell what they may read, when it was their turn to be asked for
    /// last, and why.
    var unknownOwners: [UInt32: (turnAt: ContinuousClock.Instant, reason: String)] = [:]

    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.inbox")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// A watch is not copyable, an optional property of an actor must be movable: the box is.
    private final class WatchBox {
        let watch: InboxWatch

        init(_ watch: consuming InboxWatch) {
            self.watch = watch
        }
    }

    /// - Parameter patience: returns when a look at what somebody may read is waited for no longer;
    ///   nil: after a time that fits people.
    package init(
        settings: LiveConfiguration, queue: JobQueue, logger: Logger,
        patience: (@Sendable () async throws -> Void)? = nil
    ) {
        let configuration = settings.current
        live = settings
        folders = configuration.folders
        self.queue = queue
        self.logger = logger
        earlier = EarlierRejected(configuration.folders.earlierRejected)
        settling = Settling(settleTime: configuration.settleTime)
        let submissions = SubmissionCheck(settings)
        self.submissions = submissions
        readingLook = ReadingLook(
            { try await submissions.denial(of: $0, to: $1) },
            patience: patience ?? ReadingLook.usualPatience)
    }

    /// Looks through the inbox at the next opportunity. Called for SIGHUP.
    package nonisolated func look() {
        hints.look()
    }

    // MARK: Report

    /// What is in the inbox and why it stays there, as of the last look, and what was rejected.
    package func report() -> InboxReport {
        let countMax = 100
        let newest = (try? rejected.newest(countMax)) ?? []
        let entries = newest.map { note, file in
            InboxReport.Rejected(
                name: OneLine.text(file.file), owner: file.owner, reason: file.reason.rawValue,
                problem: OneLine.text(file.error.description), path: note.string,
                rejectedAtMilliseconds: file.rejectedAtMilliseconds)
        }
        return InboxReport(
            inbox: folders.inbox.string, problem: problem, warnings: warnings,
            staying: staying.entries(countMax), more: staying.countBeyond(listed: countMax),
            rejected: Array((entries + earlier.entries(countMax)).prefix(countMax)))
    }

    /// What somebody may see of it. Whose a file in the inbox is, the report does not say: on a
    /// private server only admins see names.
    /// - Parameter user: whose rejected files alone are shown; nil for all.
    package func report(seenBy user: Int?) -> InboxReport {
        var report = report()
        guard let user else { return report }
        report.staying = []
        report.rejected = report.rejected?.filter { $0.owner == user }
        return report
    }

    // MARK: Watch

    /// Watches and scans until the task is cancelled.
    package func run() async {
        rewatch()
        earlier.removeIfEmpty()
        var next = await scan(movedIn: [])
        while !Task.isCancelled {
            let timer = Task { [clock = configuration.clock, hints, next] in
                do { try await clock.sleep(next) } catch { return }
                hints.look()
            }
            let (movedIn, isFolderGone) = await hints.take()
            timer.cancel()
            if Task.isCancelled { break }
            if isFolderGone { watch = nil }
            rewatch()
            next = await scan(movedIn: movedIn)
        }
        watch = nil
    }

    /// Sets the watch anew when there is none, or the folder's name stands for another folder.
    private func rewatch() {
        do {
            let status = try Syscalls.stat(folders.inbox)
            defer { judge(status) }
            if let watch, let status, watch.watch.status.isSameFile(as: status) { return }
            watch = nil
            hints.forgetWriters()
            probe()
            watch = WatchBox(
                try InboxWatch(folders.inbox) { [hints, queue] events in
                    if hints.put(events) { queue.witness.hear(.overflowed) }
                })
            forgetReport("watch")
        } catch {
            report("watch", "the inbox cannot be watched; it is looked through now and then", error)
        }
    }

    /// A folder that is new under this name may be another's, or let people remove each other's
    /// files.
    private func judge(_ status: FileStatus?) {
        warnings = status.map { InboxFolder.warnings($0, path: folders.inbox) } ?? []
        let gone =
            "the inbox `\(folders.inbox)` is not there: make it anew (mode 3770), or restart the "
            + "daemon, which does"
        let problems = status == nil ? [gone] : warnings + [problem].compactMap(\.self)
        // The probe has told of its own problem.
        for text in queue.health.set(.inbox, problems) where text != problem {
            logger.warning("the inbox is not as it should be", metadata: ["reason": "\(text)"])
        }
    }

    /// Tries what the inbox is for, on files of our own: a folder that is new under this name may
    /// be another mount.
    private func probe() {
        do {
            try Self.requireRename(folders)
            problem = nil
            forgetReport("rename")
        } catch {
            problem = FaultText.describe(error)
            report("rename", "nothing can be taken out of the inbox", error)
        }
        tellsWriters = (try? FolderProbe.tellsWriters(in: folders.inbox)) ?? false
    }

    /// - Throws: `InboxElsewhere` where files cannot be moved out of the inbox; `SystemCallError`.
    package static func requireRename(_ folders: StateFolders) throws {
        for (from, to) in [(folders.inbox, folders.spool), (folders.spool, folders.rejected)] {
            do throws(SystemCallError) {
                try FolderProbe.rename(from: from, to: to)
            } catch {
                guard error.errno == .improperLink else { throw error }
                throw InboxElsewhere(inbox: folders.inbox, state: folders.state)
            }
        }
    }

    // MARK: Log

    /// Removes old rejections: after each look that added to them, and once a day.
    func tidy() {
        let (now, day) = (configuration.clock.now(), 86_400_000)
        guard hasRejected || tidiedAt.map({ abs(now - $0) > day }) ?? true else { return }
        do {
            try rejected.closeIfPrivate()
            let count = try rejected.prune(now: now)
            if count > 0 {
                logger.notice("old rejected files were removed", metadata: ["count": "\(count)"])
            }
            (hasRejected, tidiedAt) = (false, now)
            forgetReport("tidy")
        } catch {
            report("tidy", "old rejected files stay", error)
        }
    }

    /// Tells of a problem once, until it is forgotten.
    func report(_ key: String, _ text: String, _ error: (any Error)?) {
        guard reported.insert(key).inserted else { return }
        let reason = error.map { "\($0)" } ?? "-"
        logger.warning("\(text)", metadata: ["about": "\(key)", "reason": "\(reason)"])
    }

    func forgetReport(_ key: String) { reported.remove(key) }

    /// Whether a problem of this kind was told of.
    func hasReported(_ prefix: String) -> Bool { reported.contains { $0.hasPrefix(prefix) } }

    /// Forgets problems of a kind that are over, so that their number is bounded by those that are
    /// not.
    func forgetReports(_ prefix: String, but lasting: Set<String>) {
        reported = reported.filter { !$0.hasPrefix(prefix) || lasting.contains($0) }
    }
}
