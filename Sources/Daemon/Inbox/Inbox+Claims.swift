// What becomes of files that were taken out of the inbox: a job, a rejection, or a file in the
// inbox again. Nothing else, whatever happened meanwhile: a claim that none of them is possible
// for, by a fault of ours or the disk's, is tried again at the next look.

import DurableIO
import Failures
import Foundation
import Jobs
import Locations
import Logging
import Store
import SystemPackage

extension Inbox {
    /// Finishes what this scan, an earlier one, or an earlier daemon began.
    package func finishClaims() async {
        do {
            for claim in try Claim.all(in: folders.spool) { await finish(claim) }
            // What was told of a claim is over with it, whatever became of it.
            if hasReported(Self.claimReport) {
                let left = try Claim.all(in: folders.spool).map(Self.reportKey)
                forgetReports(Self.claimReport, but: Set(left))
            }
            forgetReport("spool")
        } catch {
            report("spool", "the spool cannot be listed", error)
        }
    }

    private static let claimReport = "claim of "

    private static func reportKey(_ claim: Claim) -> String {
        claimReport + claim.component.printed
    }

    /// Turns the claim into a job or a rejection, or gives it back.
    private func finish(_ claim: Claim) async {
        var claim = claim
        let name = claim.component
        do {
            let before = seen.removeValue(forKey: claim.id)
            guard let taken = try Syscalls.stat(claim.path) else { return }
            switch Takeover(of: taken, named: InboxName(name), seen: before) {
            case .putBack: putBack(claim, taken)
            case .reject(let refusal): reject(claim, name, refusal, taken)
            case .read:
                do {
                    try await accept(&claim)
                    removeHints(of: name, owner: Int(taken.owner))
                } catch let error as Refusal {
                    reject(claim, name, error, taken)
                } catch let error as ErrorDocument {
                    later(claim, taken, error.message)
                } catch let error as Submitters.Unknown {
                    unknownOwners[taken.owner] = (.now, error.description)
                    later(claim, taken, error.description)
                } catch is NotToBeRead {
                    putBack(claim, taken)
                }
            }
        } catch {
            report(
                Self.reportKey(claim), "a file is claimed, but cannot be accepted at present",
                error)
        }
    }

    private func accept(_ claim: inout Claim) async throws {
        let parsesMax = 2
        guard claim.parses < parsesMax else { throw Refusal.crash(times: claim.parses) }
        let snapshot = try await read(claim.path)
        try claim.countParse()
        guard case .manifest(let stem) = InboxName(claim.component) else {
            throw Refusal(.fileName, .file("not a manifest's name"))
        }
        let parsed = Result {
            try ManifestParser.parse(
                bytes: Data(snapshot.bytes), name: stem, paths: configuration.pathRule,
                notify: configuration.notifyRule)
        }
        try claim.forgetParses()
        let description: JobDescription
        do {
            description = try parsed.get()
        } catch let error as ManifestError {
            throw Refusal(.manifest, error)
        }
        let owner = Int(snapshot.before.owner)
        if let denial = try await readingLook.denial(of: description, to: owner) {
            throw Refusal(.notReadable, .file(denial.description))
        }
        let record = JobRecord(
            id: claim.id, source: claim.name, owner: owner,
            submittedAtMilliseconds: configuration.clock.now(),
            manifestDigest: Digest(of: snapshot.bytes).hex, description: description)
        _ = try await queue.admit(record, manifest: snapshot.bytes, by: .inbox)
        try Syscalls.unlink(claim.path)
    }

    /// A writer was at work while the claim was read, or its owner has closed it.
    private struct NotToBeRead: ClassifiedFailure {
        let failureClass = FailureClass.transient
    }

    /// The bytes that count from now on, whatever a writer still does to the file: all of them as
    /// of one moment. The rename changed the file's time a moment ago; the first claim of a look
    /// waits until a change after that would show, the others have waited with it.
    private func read(_ path: FilePath) async throws -> FileSnapshot {
        let triesMax = 3
        for _ in 0..<triesMax {
            let snapshot: FileSnapshot
            do {
                snapshot = try FileSnapshot.read(path, bytesMax: ManifestLimits.bytesMax)
            } catch is SmallFile.TooLarge {
                // It has grown since it was looked at; the inbox tells of it.
                throw NotToBeRead()
            } catch let error as SystemCallError where error.errno == .permissionDenied {
                // Only here: of a folder of ours that is closed to us, nobody else is to be told.
                throw NotToBeRead()
            }
            if snapshot.isWhole, snapshot.before.linkCount == 1 { return snapshot }
            guard snapshot.isFresh, snapshot.isOpenForWriting != true else { break }
            try await Task.sleep(for: .nanoseconds(FileSnapshot.freshNanoseconds + 1_000_000))
        }
        throw NotToBeRead()
    }

    // MARK: Ways back

    /// Back into the inbox, where it settles anew.
    func putBack(_ claim: Claim, _ status: FileStatus) {
        do {
            let name = try claim.putBack(into: folders.inbox)
            settling.distrust(name, status)
        } catch {
            report(Self.reportKey(claim), "a file that is still written stays claimed", error)
        }
    }

    /// No job of this owner can be taken at present.
    private func later(_ claim: Claim, _ status: FileStatus, _ reason: String) {
        let until = ContinuousClock.Instant.now.advanced(by: configuration.rescanInterval)
        withoutRoom[status.owner] = (until, reason)
        putBack(claim, status)
        stays(claim.component, status, reason)
    }

    /// Puts the file aside, with its note, and a hint in the inbox.
    /// - Parameter name: as the inbox had it.
    func reject(
        _ claim: Claim, _ name: FilePath.Component, _ refusal: Refusal, _ status: FileStatus
    ) {
        // A hard link shows the owner of the file, not who made the link.
        let owner = refusal.reason == .hardLinks ? nil : Int(status.owner)
        let file = RejectedFile(
            file: name.printed, reason: refusal.reason, owner: owner,
            rejectedAtMilliseconds: configuration.clock.now(), error: refusal.error)
        do {
            let note = try rejected.take(claim.path, name: name, file)
            hasRejected = true
            logger.notice(
                "rejected",
                metadata: [
                    "file": "\(name.printed)", "owner": "\(owner.map(String.init) ?? "unknown")",
                    "class": "\(refusal.reason.rawValue)", "reason": "\(refusal.error)",
                ])
            queue.witness.hear(
                .rejected(
                    .init(
                        file: OneLine.text(name.printed), owner: owner,
                        reason: refusal.reason.rawValue,
                        problem: OneLine.text(refusal.error.description))))
            // In the inbox the whole group reads it.
            let why =
                configuration.isPrivate
                ? "why, only its owner is told (`layerfold doctor`)"
                : OneLine.text(refusal.error.description)
            hint(.rejected, of: name, owner, "\(why)\n\(note)")
        } catch {
            report(Self.reportKey(claim), "a refused file cannot be put aside", error)
        }
    }
}
