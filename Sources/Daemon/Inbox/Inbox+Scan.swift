// One look through the inbox: what stays and why, and what is taken out.

import DurableIO
import Failures
import Glibc
import Jobs
import Logging
import SystemPackage

extension Inbox {
    /// Events alone, without a word of the kernel about the file, hold it back for this long.
    private static let writerPatience = Duration.seconds(600)
    /// Files of one owner that one look takes; then others' turn comes.
    private static let takenMax = 200
    /// Until the next owner is asked for of whom nobody could tell what they may read.
    private static let nextAsked = Duration.seconds(1)
    /// The number that the kernel shows for owners that it cannot name.
    private static let overflowUser: UInt32 = 65_534

    /// What one look does, for the limits of it.
    private struct Round {
        let movedIn: Set<FilePath.Component>
        /// Files that were taken, by owner.
        var taken: [UInt32: Int] = [:]
        /// Whose files there were.
        var owners: Set<UInt32> = []
        /// The one who is asked for in this look, of those of whom nobody could tell what they may
        /// read: each may take all the patience there is.
        let asked: UInt32?
        /// When to look again.
        var next: Duration
    }

    private static let roomReport = "room for user "

    /// - Returns: When to look again, even without a hint.
    func scan(movedIn: Set<FilePath.Component>) async -> Duration {
        let watch = Stopwatch()
        var fileCount = 0
        settling.settleTime = configuration.settleTime
        await finishClaims()
        let asked = unknownOwners.min { $0.value.turnAt < $1.value.turnAt }?.key
        // Whether it comes to that or not: who has only files here that wait for something else
        // would keep all others from theirs.
        if let asked { unknownOwners[asked]?.turnAt = .now }
        var round = Round(movedIn: movedIn, asked: asked, next: configuration.rescanInterval)
        do {
            let entries = try DirectoryScan.entries(of: folders.inbox)
            let names = Set(entries.map(\.name))
            fileCount = entries.count {
                InboxName($0.name) != .hidden && InboxHint.owner(ofHint: $0.name) == nil
                    && folders.inbox.appending($0.name) != folders.earlierRejected
            }
            settling.keep(only: names)
            staying.keep(only: names)
            forgetReport("scan")
            countHints(entries.map(\.name))
            for entry in entries {
                if Task.isCancelled { break }
                if let wait = await look(at: entry.name, &round) {
                    round.next = min(round.next, wait)
                }
            }
            if !Task.isCancelled {
                unknownOwners = unknownOwners.filter { round.owners.contains($0.key) }
                forgetReports(
                    Self.roomReport, but: Set(round.owners.map { "\(Self.roomReport)\($0)" }))
            }
        } catch {
            report("scan", "the inbox cannot be listed", error)
        }
        if !round.taken.isEmpty { await finishClaims() }
        tidy()
        let taken = round.taken.values.reduce(0, +)
        queue.witness.hear(
            .looked(files: max(0, fileCount - taken), seconds: watch.seconds))
        return round.next
    }

    /// - Returns: After what time to look at this file again; nil if that is not needed.
    private func look(at name: FilePath.Component, _ round: inout Round) async -> Duration? {
        let kind = InboxName(name)
        let path = folders.inbox.appending(name)
        if kind == .hidden || path == earlier.path && earlier.isThere { return nil }
        do {
            guard let status = try Syscalls.stat(path), !InboxHint.isOurs(name, status) else {
                return nil
            }
            round.owners.insert(status.owner)
            guard round.taken[status.owner, default: 0] < Self.takenMax else {
                return .milliseconds(10)
            }
            let isOrdinary = status.kind == .regular
            let isMovedIn = round.movedIn.contains(name) || !isOrdinary
            let verdict = settling.verdict(on: name, status, movedIn: isMovedIn, now: .now)
            if case .wait(let duration) = verdict { return duration }
            if let (reason, isOwners) = Self.reasonToStay(path, kind, status) {
                let isNews = stays(name, status, reason)
                if isNews, isOwners { hint(.stays, of: name, Int(status.owner), reason) }
                return nil
            }
            if isOrdinary, isBeingWritten(name, path) {
                stays(name, status, "somebody is still writing it")
                return max(configuration.settleTime, .seconds(1))
            }
            if let wait = await wait(for: status.owner, name, status, round) { return wait }
            round.taken[status.owner, default: 0] += 1
            return try take(path, name, kind, status)
        } catch let error as SystemCallError where error.isMissing {
            return nil
        } catch {
            stays(name, nil, "it cannot be taken: \(error)")
            return nil
        }
    }

    /// Whether the queue has no room for this owner's file, or nobody can tell what she may read.
    private func wait(
        for owner: UInt32, _ name: FilePath.Component, _ status: FileStatus, _ round: Round
    ) async -> Duration? {
        if let (until, reason) = withoutRoom[owner] {
            let rest = ContinuousClock.Instant.now.duration(to: until)
            if rest > .zero {
                stays(name, status, reason)
                return rest
            }
            withoutRoom[owner] = nil
        }
        if let unknown = unknownOwners[owner] {
            guard owner == round.asked else {
                stays(name, status, unknown.reason)
                return min(configuration.rescanInterval, Self.nextAsked)
            }
            if let reason = await submissions.trouble(with: Int(owner)) {
                let until = ContinuousClock.Instant.now.advanced(by: configuration.rescanInterval)
                unknownOwners[owner] = (.now, reason)
                withoutRoom[owner] = (until, reason)
                stays(name, status, reason)
                return configuration.rescanInterval
            }
            unknownOwners[owner] = nil
        }
        guard let refusal = await queue.refusal(of: Int(owner)) else {
            forgetReport("\(Self.roomReport)\(owner)")
            return nil
        }
        report("\(Self.roomReport)\(owner)", "files wait in the inbox", refusal)
        stays(name, status, refusal.message)
        return configuration.rescanInterval
    }

    /// What is no manifest and was not meant as one, and what only its owner can change.
    /// - Returns: the reason, and whether the owner of a manifest has to act.
    private static func reasonToStay(
        _ path: FilePath, _ kind: InboxName, _ status: FileStatus
    ) -> (reason: String, isOwners: Bool)? {
        if status.kind == .folder { return ("it is a folder, and manifests are files", false) }
        if kind == .stranger { return ("its name does not end in .yaml, .yml or .json", false) }
        // What is refused whatever it holds goes; what follows is of files that may become jobs.
        if Refusal(of: status, kind) != nil { return nil }
        if status.owner == overflowUser, ownUser != overflowUser {
            return (
                "its owner cannot be told (the kernel says \(overflowUser)): under systemd the "
                    + "daemon needs PrivateUsers=no, and on NFS an export without squashing", true
            )
        }
        if status.byteCount > ManifestLimits.bytesMax {
            return (
                "it is too large: \(status.byteCount) bytes, and a manifest has at most "
                    + "\(ManifestLimits.bytesMax)", true
            )
        }
        do throws(SystemCallError) {
            try Syscalls.close(try Syscalls.open(path, readFlags), path)
        } catch {
            guard error.errno == .permissionDenied else { return nil }
            return (
                "layerfoldd may not read it: make it readable for the group (`chmod g+r`), or use "
                    + "`layerfold submit`", true
            )
        }
        return nil
    }

    private func isBeingWritten(_ name: FilePath.Component, _ path: FilePath) -> Bool {
        if tellsWriters, let isOpen = FolderProbe.isOpenForWriting(path) { return isOpen }
        return hints.isWriting(name) && settling.rest(of: name, now: .now) < Self.writerPatience
    }

    /// Takes what has the name now, and looks at it where nobody else can change its name.
    private func take(
        _ path: FilePath, _ name: FilePath.Component, _ kind: InboxName, _ status: FileStatus
    ) throws -> Duration? {
        let claim = Claim(
            id: JobIdentifier.make(now: configuration.clock.now()), of: name,
            spool: folders.spool)
        try claim.take(path)
        staying.forget(name)
        guard let taken = try Syscalls.stat(claim.path) else { return nil }
        switch Takeover(of: taken, named: kind, seen: status) {
        case .reject(let refusal):
            reject(claim, name, refusal, taken)
            return nil
        case .read where !isOpen(claim.path):
            seen[claim.id] = taken
            return nil
        case .putBack, .read:
            // Another file had this name by now, or a writer came: look again.
            putBack(claim, taken)
            return max(configuration.settleTime, .milliseconds(10))
        }
    }

    /// Whether the kernel says that somebody has it open for writing.
    private func isOpen(_ path: FilePath) -> Bool {
        tellsWriters && FolderProbe.isOpenForWriting(path) == true
    }

    // MARK: What is told

    /// - Returns: whether that is new, and told of.
    @discardableResult
    func stays(
        _ name: FilePath.Component, _ status: FileStatus?, _ reason: String
    ) -> Bool {
        let owner = status?.owner ?? ownUser
        switch staying.note(name, owner: owner, OneLine.text(reason)) {
        case .none:
            return false
        case .file:
            logger.warning(
                "a file stays in the inbox",
                metadata: ["file": "\(name.printed)", "owner": "\(owner)", "reason": "\(reason)"])
            return true
        case .manyFiles:
            logger.warning(
                "more files stay in the inbox than are told of",
                metadata: ["owner": "\(owner)", "told": "\(StayingFiles.countMax)"])
            return false
        }
    }
}
