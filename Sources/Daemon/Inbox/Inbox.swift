// The inbox: looks through the folder whenever anything hints at it, claims what is complete, and
// turns each claim into a job or a rejection. There is one scan routine; hints only trigger it.
// What stays is told of: in the log once, and to whoever asks.

import DurableIO
import Failures
import Foundation
import Glibc
package import Jobs
package import Logging
import Store
import SystemPackage

package actor Inbox {
    private let live: LiveConfiguration
    private var configuration: DaemonConfiguration { live.current }
    private let folders: StateFolders
    private let queue: JobQueue
    private let logger: Logger
    private var settling: Settling
    private var watch: WatchBox?
    /// Problems that were logged, so that what lasts is not logged at every scan.
    private var reported: Set<String> = []
    /// Why files stay in the inbox.
    private var staying: [FilePath.Component: String] = [:]
    /// Why nothing at all can be taken.
    private var problem: String?
    /// Whether the kernel tells of writers here.
    private var tellsWriters = false
    /// Events alone, without a word of the kernel about the file, hold it back for this long.
    private static let writerPatience = Duration.seconds(600)
    private nonisolated let hints = HintBox()

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

    package init(settings: LiveConfiguration, queue: JobQueue, logger: Logger) {
        let configuration = settings.current
        live = settings
        folders = configuration.folders
        self.queue = queue
        self.logger = logger
        settling = Settling(settleTime: configuration.settleTime)
    }

    /// Looks through the inbox at the next opportunity. Called for SIGHUP.
    package nonisolated func look() {
        hints.look()
    }

    /// What is in the inbox and why it stays there, as of the last look.
    package func report() -> InboxReport {
        let countMax = 100
        return InboxReport(
            inbox: folders.inbox.string, problem: problem,
            staying: staying.map { .init(name: $0.printed, reason: $1) }
                .sorted { $0.name < $1.name }.prefix(countMax).map(\.self))
    }

    /// Watches and scans until the task is cancelled.
    package func run() async {
        rewatch()
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
            watch = WatchBox(try InboxWatch(folders.inbox) { [hints] in hints.put($0) })
            reported.remove("watch")
        } catch {
            report("watch", "the inbox cannot be watched; it is looked through now and then", error)
        }
    }

    /// Whom the inbox belongs to now, and who may do what in it: somebody may have put another one
    /// in its place.
    private func judge(_ status: FileStatus?) {
        let wrong = status.flatMap {
            InboxRule.problem(
                inbox: folders.inbox.string, owner: Int($0.owner), permissions: $0.permissions,
                user: Int(geteuid()))
        }
        let gone =
            "the inbox `\(folders.inbox)` is not there: make it anew (mode 3770), or restart the "
            + "daemon, which does"
        let problems = status == nil ? [gone] : [wrong, problem].compactMap(\.self)
        for text in queue.health.set("inbox", problems) {
            logger.warning("something is wrong", metadata: ["reason": "\(text)"])
        }
    }

    /// Tries what the inbox is for, on files of our own: a folder that is new under this name may
    /// be another mount.
    private func probe() {
        do {
            try Self.requireRename(folders)
            problem = nil
            reported.remove("rename")
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

    // MARK: Scan

    /// - Returns: When to look again, even without a hint.
    private func scan(movedIn: Set<FilePath.Component>) async -> Duration {
        settling.settleTime = configuration.settleTime
        await finishClaims()
        var next = configuration.rescanInterval
        do {
            let entries = try DirectoryScan.entries(of: folders.inbox)
            let names = Set(entries.map(\.name))
            settling.keep(only: names)
            staying = staying.filter { names.contains($0.key) }
            reported.remove("scan")
            for entry in entries {
                if Task.isCancelled { break }
                if let wait = await look(at: entry.name, movedIn: movedIn.contains(entry.name)) {
                    next = min(next, wait)
                }
            }
        } catch {
            report("scan", "the inbox cannot be listed", error)
        }
        return next
    }

    /// - Returns: After what time to look at this file again; nil if that is not needed.
    private func look(at name: FilePath.Component, movedIn: Bool) async -> Duration? {
        let kind = InboxName(name)
        let path = folders.inbox.appending(name)
        if kind == .hidden || path == folders.rejected { return nil }
        do {
            guard let status = try Syscalls.stat(path) else { return nil }
            let isOrdinary = status.kind == .regular
            let verdict = settling.verdict(
                on: name, status, movedIn: movedIn || !isOrdinary, now: .now)
            if case .wait(let duration) = verdict { return duration }
            if let reason = Self.reasonToStay(kind, status) {
                stays(name, reason)
                return nil
            }
            if isOrdinary, isBeingWritten(name, path) {
                stays(name, "somebody is still writing it")
                return max(configuration.settleTime, .seconds(1))
            }
            guard await queue.hasRoom else {
                report("room", "too many unfinished jobs; the inbox waits", nil)
                return nil
            }
            reported.remove("room")
            return try await take(path, name, kind, status)
        } catch let error as SystemCallError where error.isMissing {
            return nil
        } catch {
            stays(name, "it cannot be taken: \(error)")
            return nil
        }
    }

    /// What is no manifest and was not meant as one.
    private static func reasonToStay(_ kind: InboxName, _ status: FileStatus) -> String? {
        if status.kind == .folder { return "it is a folder, and manifests are files" }
        return kind == .stranger ? "its name does not end in .yaml, .yml or .json" : nil
    }

    private func isBeingWritten(_ name: FilePath.Component, _ path: FilePath) -> Bool {
        if tellsWriters, let isOpen = FolderProbe.isOpenForWriting(path) { return isOpen }
        return hints.isWriting(name) && settling.rest(of: name, now: .now) < Self.writerPatience
    }

    private func take(
        _ path: FilePath, _ name: FilePath.Component, _ kind: InboxName, _ status: FileStatus
    ) async throws -> Duration? {
        if let refusal = Self.refusal(of: path, kind, status) {
            try reject(path, name: name, refusal)
            return nil
        }
        let claim = Claim(
            id: JobIdentifier.make(now: configuration.clock.now()), name: name.string,
            spool: folders.spool)
        // Another file has this name by now, or a writer came: look again.
        guard try claim.take(path, expecting: status, isOpen: isOpen) else {
            settling.distrust(name, status)
            return max(configuration.settleTime, .milliseconds(10))
        }
        await finish(claim)
        return nil
    }

    private func isOpen(_ path: FilePath) -> Bool {
        tellsWriters && FolderProbe.isOpenForWriting(path) == true
    }

    /// Why a file is refused without being claimed and read.
    private static func refusal(
        of path: FilePath, _ kind: InboxName, _ status: FileStatus
    ) -> ManifestError? {
        if case .unfit(let reason) = kind {
            return .file(reason, hint: "rename it, for example to `job.yaml`")
        }
        if status.kind != .regular {
            return .file(
                "not a regular file", expected: "a file", found: "a link, pipe, socket or device",
                hint: "put the manifest itself into the inbox")
        }
        if status.linkCount > 1 {
            return .file(
                "the file has \(status.linkCount) names (hard links)", expected: "one name",
                hint: "copy it into the inbox")
        }
        if status.byteCount > ManifestLimits.bytesMax {
            return .file(
                "the file is too large", expected: "at most \(ManifestLimits.bytesMax) bytes",
                found: "\(status.byteCount) bytes")
        }
        do {
            try Syscalls.close(try Syscalls.open(path, readFlags), path)
        } catch  where error.errno == .permissionDenied {
            return .file(
                "layerfoldd may not read the file",
                hint: "make it readable (chmod g+r), or use `layerfold submit`")
        } catch {
            return nil
        }
        return nil
    }

    // MARK: Claims

    /// Finishes what an earlier scan, or an earlier daemon, began.
    package func finishClaims() async {
        do {
            for claim in try Claim.all(in: folders.spool) { await finish(claim) }
        } catch {
            report("spool", "the spool cannot be listed", error)
        }
    }

    /// Turns the claim into a job or a rejection. What fails for reasons of ours stays a claim.
    private func finish(_ claim: Claim) async {
        var claim = claim
        do {
            try await accept(&claim)
        } catch is StillWritten {
            putBack(claim)
        } catch let error as ManifestError {
            do {
                try reject(claim.path, name: claim.component, error)
            } catch {
                report(claim.name, "a refused file cannot be put aside", error)
            }
        } catch {
            report(claim.name, "a file is claimed, but cannot be accepted at present", error)
        }
    }

    private func accept(_ claim: inout Claim) async throws {
        let parsesMax = 2
        guard claim.parses < parsesMax else {
            throw ManifestError.file(
                "reading this file has crashed the daemon \(claim.parses) times",
                hint: "please report it, with the file")
        }
        let (bytes, owner) = try read(claim.path)
        try claim.countParse()
        guard case .manifest(let stem) = InboxName(claim.component) else {
            throw ManifestError.file("not a manifest's name")
        }
        let parsed = Result {
            try ManifestParser.parse(
                bytes: Data(bytes), name: stem, paths: configuration.pathRule)
        }
        try claim.forgetParses()
        let description = try parsed.get()
        let record = JobRecord(
            id: claim.id, source: claim.name, owner: owner,
            submittedAtMilliseconds: configuration.clock.now(),
            manifestDigest: Digest(of: bytes).hex, description: description)
        _ = try await queue.admit(record, manifest: bytes)
        try Syscalls.unlink(claim.path)
    }

    /// A writer was at work while the claim was read.
    private struct StillWritten: ClassifiedFailure {
        let failureClass = FailureClass.transient
    }

    /// The bytes that count from now on, whatever a writer still does to the file.
    private func read(_ path: FilePath) throws -> (bytes: [UInt8], owner: Int) {
        do {
            let before = try Syscalls.stat(path)
            let bytes = try SmallFile.read(path, bytesMax: ManifestLimits.bytesMax)
            let after = try Syscalls.stat(path)
            if let before, let after, !after.hasSameBytes(as: before) || isOpen(path) {
                throw StillWritten()
            }
            return (bytes, Int(before?.owner ?? 0))
        } catch is SmallFile.TooLarge {
            throw ManifestError.file(
                "the file is too large", expected: "at most \(ManifestLimits.bytesMax) bytes")
        }
    }

    /// Back into the inbox, where it settles anew.
    private func putBack(_ claim: Claim) {
        do {
            if let status = try Syscalls.stat(claim.path) {
                settling.distrust(claim.component, status)
            }
            try claim.putBack(to: folders.inbox.appending(claim.component))
        } catch {
            report(claim.name, "a file that is still written stays claimed", error)
        }
    }

    private func reject(
        _ path: FilePath, name: FilePath.Component, _ error: ManifestError
    ) throws {
        logger.notice(
            "rejected", metadata: ["file": "\(name.printed)", "error": "\(error)"])
        try Rejection.reject(path, name: name, error: error, into: folders.rejected)
    }

    private func stays(_ name: FilePath.Component, _ reason: String) {
        guard staying.updateValue(reason, forKey: name) != reason else { return }
        logger.warning(
            "a file stays in the inbox",
            metadata: ["file": "\(name.printed)", "reason": "\(reason)"])
    }

    private func report(_ key: String, _ text: String, _ error: (any Error)?) {
        guard reported.insert(key).inserted else { return }
        let reason = error.map { "\($0)" } ?? "-"
        logger.warning("\(text)", metadata: ["about": "\(key)", "reason": "\(reason)"])
    }
}
