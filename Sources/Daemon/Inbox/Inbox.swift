// The inbox: looks through the folder whenever anything hints at it, claims what is complete, and
// turns each claim into a job or a rejection. There is one scan routine; hints only trigger it.

import DurableIO
import Foundation
import Jobs
package import Logging
import Store
import SystemPackage

package actor Inbox {
    private let configuration: DaemonConfiguration
    private let folders: StateFolders
    private let queue: JobQueue
    private let logger: Logger
    private var settling: Settling
    private var watch: WatchBox?
    /// Problems that were logged, so that a file which stays is not logged at every scan.
    private var reported: Set<String> = []
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

    package init(configuration: DaemonConfiguration, queue: JobQueue, logger: Logger) {
        self.configuration = configuration
        folders = configuration.folders
        self.queue = queue
        self.logger = logger
        settling = Settling(settleTime: configuration.settleTime)
    }

    /// Looks through the inbox at the next opportunity. Called for SIGHUP.
    package nonisolated func look() {
        hints.put(.changed)
    }

    /// Watches and scans until the task is cancelled.
    package func run() async {
        rewatch()
        var next = await scan(movedIn: [])
        while !Task.isCancelled {
            let timer = Task { [clock = configuration.clock, hints, next] in
                do { try await clock.sleep(next) } catch { return }
                hints.put(.changed)
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
            if let watch, let status, watch.watch.status.isSameFile(as: status) { return }
            watch = nil
            watch = WatchBox(try InboxWatch(folders.inbox) { [hints] in hints.put($0) })
            reported.remove("watch")
        } catch {
            report("watch", "the inbox cannot be watched; it is looked through now and then", error)
        }
    }

    // MARK: Scan

    /// - Returns: When to look again, even without a hint.
    private func scan(movedIn: Set<String>) async -> Duration {
        await finishClaims()
        var next = configuration.rescanInterval
        do {
            let entries = try DirectoryScan.entries(of: folders.inbox)
            settling.keep(only: Set(entries.map(\.name.string)))
            reported.remove("scan")
            for entry in entries where entry.kind != .folder {
                if Task.isCancelled { break }
                let name = entry.name.string
                if let wait = await look(at: name, movedIn: movedIn.contains(name)) {
                    next = min(next, wait)
                }
            }
        } catch {
            report("scan", "the inbox cannot be listed", error)
        }
        return next
    }

    /// - Returns: After what time to look at this file again; nil if that is not needed.
    private func look(at name: String, movedIn: Bool) async -> Duration? {
        let kind = InboxName(name)
        if kind == .ignored { return nil }
        do {
            let path = folders.inbox.appending(name)
            guard let status = try Syscalls.stat(path), status.kind != .folder else { return nil }
            let isOrdinary = status.kind == .regular
            let verdict = settling.verdict(
                on: name, status, movedIn: movedIn || !isOrdinary, now: .now)
            if case .wait(let duration) = verdict { return duration }
            guard await queue.hasRoom else {
                report("room", "too many unfinished jobs; the inbox waits", nil)
                return nil
            }
            reported.remove("room")
            return try await take(path, name, kind, status)
        } catch let error as SystemCallError where error.isMissing {
            return nil
        } catch {
            report(name, "a file in the inbox cannot be taken", error)
            return nil
        }
    }

    private func take(
        _ path: FilePath, _ name: String, _ kind: InboxName, _ status: FileStatus
    ) async throws -> Duration? {
        if let refusal = Self.refusal(of: path, kind, status) {
            try reject(path, name: name, refusal)
            return nil
        }
        let claim = Claim(
            id: JobIdentifier.make(now: configuration.clock.now()), name: name,
            spool: folders.spool)
        // The name was given to another file between the look and the claim: look again.
        guard try claim.take(path, expecting: status) else { return .zero }
        await finish(claim)
        return nil
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
        } catch let error as ManifestError {
            do {
                try reject(claim.path, name: claim.name, error)
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
        let (bytes, owner) = try Self.read(claim.path)
        try claim.countParse()
        guard case .manifest(let stem) = InboxName(claim.name) else {
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

    /// The bytes that count from now on, whatever a writer still does to the file.
    private static func read(_ path: FilePath) throws -> (bytes: [UInt8], owner: Int) {
        do {
            let owner = try Syscalls.stat(path)?.owner ?? 0
            return (try SmallFile.read(path, bytesMax: ManifestLimits.bytesMax), Int(owner))
        } catch is SmallFile.TooLarge {
            throw ManifestError.file(
                "the file is too large", expected: "at most \(ManifestLimits.bytesMax) bytes")
        }
    }

    private func reject(_ path: FilePath, name: String, _ error: ManifestError) throws {
        logger.notice("rejected", metadata: ["file": "\(name)", "error": "\(error)"])
        try Rejection.reject(path, name: name, error: error, into: folders.rejected)
    }

    private func report(_ key: String, _ text: String, _ error: (any Error)?) {
        guard reported.insert(key).inserted else { return }
        let reason = error.map { "\($0)" } ?? "-"
        logger.warning("\(text)", metadata: ["about": "\(key)", "reason": "\(reason)"])
    }
}
