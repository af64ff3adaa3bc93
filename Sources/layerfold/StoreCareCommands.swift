// `layerfold store verify`, `gc` and `pin`: reading everything, making room, keeping things.

import ArgumentParser
import DurableIO
import Failures
import Foundation
import Glibc
import Jobs
import Store
import SystemPackage

struct StoreVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read everything and compare it with its names.")

    @OptionGroup var place: StatePlace
    @Flag(help: "Set damaged objects aside and remove actions that need them.") var repair = false
    @Flag(help: "Note how far it came every 1000 objects, and go on from there another time.")
    var resume = false
    @Option(help: "Only this part of the objects, such as 3/30; actions are always read.")
    var subset: String?
    @Option(help: "Read at most this many megabytes of objects in a second.")
    var rate: Double?
    @Flag(help: "Print JSON.") var json = false

    /// Megabytes in a second; with less of it the time that a pass takes is no number of a clock's.
    private static let rateMin = 0.001

    private struct Listing: Encodable {
        let objects: Int
        let actions: Int
        let rawBytes: Int
        let isSound: Bool
        let findings: [String]
        /// Finished jobs whose stages rest on what is damaged.
        let affectedJobs: [String]
    }

    func run() throws {
        var policy = ScrubPolicy()
        policy.isRepairing = repair
        policy.isResuming = resume
        policy.subset = try subset.map(Self.subset)
        if let rate, !(rate >= Self.rateMin) {
            throw Failure(.usage, "--rate \(rate): expected \(Self.rateMin) or more, such as 50")
        }
        // Only looking writes nothing, not even how far it came.
        let writes = repair || resume
        if !writes { policy.objectsPerCheckpoint = nil }
        let store =
            writes ? try StoreCommand.open(place.state) : try StoreCommand.look(into: place.state)
        let start = ContinuousClock.now
        let report = try store.scrub(policy) { progress in
            guard let rate else { return }
            let due = start + .seconds(Double(progress.rawBytes) / (rate * 1e6))
            let (seconds, rest) = (due - .now).components
            if seconds > 0 || rest > 0 {
                usleep(UInt32(clamping: seconds * 1_000_000 + rest / 1_000_000_000_000))
            }
        }
        let affected =
            report.findings.isEmpty
            ? []
            : ResultKeys.all(below: place.state).jobs(
                naming: Set(report.findings.flatMap(\.actions)))
        try tell(
            Listing(
                objects: report.objectCount, actions: report.actionCount,
                rawBytes: report.rawBytes, isSound: report.isSound,
                findings: report.findings.map(\.description), affectedJobs: affected.map(\.id)),
            earlier: report.earlierFaults, affected)
        if !report.isSound {
            throw Failure(
                .integrity,
                repair
                    ? "faults were repaired; verify again" : "faults found; --repair removes them")
        }
    }

    private func tell(_ listing: Listing, earlier: Int, _ affected: [JobHandle]) throws {
        if json { return try Terminal.json(listing) }
        for finding in listing.findings { Terminal.line(finding) }
        if earlier > 0 {
            Terminal.line("\(earlier) more were told before this pass was interrupted")
        }
        for job in affected {
            Terminal.line(
                "job \(job.id) (\(job.name)) used what is damaged; its results are whole, but to "
                    + "run it again takes longer")
        }
        Terminal.line(
            "\(listing.objects) objects, \(listing.actions) actions, \(listing.rawBytes) bytes: "
                + (listing.isSound ? "sound" : "NOT sound"))
    }

    private static func subset(_ text: String) throws -> ScrubPolicy.Subset {
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let part = numbers[0], let count = numbers[1],
            let subset = ScrubPolicy.Subset(part: part, of: count)
        else {
            throw Failure(.usage, "--subset \(text): expected PART/COUNT, such as 3/30")
        }
        return subset
    }
}

struct StoreGC: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove what nothing names, and what is worth least.")

    @OptionGroup var place: StatePlace
    // Also of what begins with a minus, so that the message says what is wrong with it.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Bytes the store may take on disk; no limit where left out.", valueName: "500G"),
        transform: { try ByteCount.read($0, allowsZero: true) })
    var limit: Int?
    @Option(parsing: .unconditional, help: "Seconds that anything young is kept.")
    var grace = 86_400
    @Flag(help: "Tell only.") var dryRun = false
    @Flag(help: "Print JSON.") var json = false

    private struct Listing: Encodable {
        let actions: Int
        let objects: Int
        let freedBytes: Int
        let keptBytes: Int
        let protectedBytes: Int
        let secondsToCompute: Double
        let isOverLimit: Bool
        /// Paths of what may not be removed.
        let stuck: [String]

        private enum CodingKeys: String, CodingKey {
            case actions, objects, stuck
            case freedBytes = "freed_bytes"
            case keptBytes = "kept_bytes"
            case protectedBytes = "protected_bytes"
            case secondsToCompute = "seconds_to_compute"
            case isOverLimit = "is_over_limit"
        }
    }

    func validate() throws {
        if grace < 0 { throw ValidationError("--grace \(grace): expected 0 or more") }
    }

    func run() throws {
        var policy = CollectorPolicy()
        if let limit { policy.limit = .bounds(CacheBounds(limit)) }
        policy.graceSeconds = grace
        policy.workingSince = try workingSince()
        policy.isDryRun = dryRun
        let report = try StoreCommand.open(place.state).collect(policy)
        if json {
            return try Terminal.json(
                Listing(
                    actions: report.actions.count, objects: report.objects.count,
                    freedBytes: report.freedBytes, keptBytes: report.keptBytes,
                    protectedBytes: report.protectedBytes, secondsToCompute: report.lostSeconds,
                    isOverLimit: report.isOverLimit, stuck: report.stuck.map(\.string)))
        }
        Terminal.line(
            "\(dryRun ? "would remove" : "removed") \(report.actions.count) actions and "
                + "\(report.objects.count) objects, \(report.freedBytes) bytes; "
                + "\(report.keptBytes) bytes stay")
        if !report.actions.isEmpty {
            Terminal.line(
                "to compute that again would take \(Int(report.lostSeconds.rounded())) s")
        }
        for path in report.stuck {
            Terminal.line(
                "`\(path)` stays, for it may not be removed: it is somebody else's, or a folder")
        }
        if report.isOverLimit {
            Terminal.line(
                "what is young, pinned or in use alone exceeds the limit: "
                    + "\(report.protectedBytes) bytes")
        }
    }

    /// When the oldest job was started that is under way, as the daemon's index has it;
    /// milliseconds since 1970 UTC. Nil where none is, or no daemon ever worked here.
    private func workingSince() throws -> Int? {
        let path = StoreLayout(state: FilePath(place.state)).index
        guard try Syscalls.stat(path) != nil else { return nil }
        do {
            return Self.workingSince(
                try IndexDatabase(reading: path).jobs(
                    in: JobState.allCases.filter { !$0.isFinal }.map(\.rawValue)))
        } catch {
            throw Failure(
                .refused,
                "nothing was removed, because nobody can tell what running jobs need: "
                    + FaultText.describe(error)
                    + "; start the daemon once, or make the index anew with `layerfold store "
                    + "rebuild-index`")
        }
    }

    /// As the daemon's own collection has it: of jobs that have a worker, are published, or wait
    /// for their next try. A held one takes from the store what is there by then.
    private static func workingSince(_ unfinished: [JobRow]) -> Int? {
        unfinished.compactMap { row in
            let isHeld = row.state == JobState.held.rawValue
            let isWaiting = row.state == JobState.queued.rawValue && row.notBefore == nil
            return isHeld || isWaiting ? nil : row.startedAt
        }.min()
    }
}

struct StorePin: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Keep an object, or a job's stages, from garbage collection.")

    @Argument(help: "A digest, or its first digits.") var object: String?
    @Option(help: "All stages that this finished job's report names.") var job: String?
    @OptionGroup var place: StatePlace
    @Option(help: "Who asks.") var owner = ProcessInfo.processInfo.userName
    @Option(help: "Why.") var reason = ""
    @Flag(help: "The reverse.") var remove = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let store = try StoreCommand.open(place.state)
        let digests: [Digest]
        var reason = reason
        switch (object, job) {
        case (let object?, nil): digests = [try StoreCommand.digest(object, in: store)]
        case (nil, let job?):
            let results = ResultKeys.all(below: place.state)
            let handle = try JobReference.find(job, among: results.handles)
            // Stages that are done each time leave nothing to pin.
            digests = try results.keys(of: handle).filter { try store.loadAction($0) != nil }
            if reason.isEmpty { reason = "job \(handle.id) (\(handle.name))" }
            if digests.isEmpty {
                throw Failure(.notFound, "nothing of job \(handle.id) is in the store any more")
            }
        default: throw Failure(.usage, "give an object, or --job ID")
        }
        var count = 0
        for digest in digests {
            if remove {
                if try store.unpin(digest, owner: owner) { count += 1 }
            } else {
                try store.pin(digest, owner: owner, reason: reason)
                count += 1
            }
        }
        if count == 0 { throw Failure(.notFound, "\(owner) has pinned nothing of that") }
        if json {
            try Terminal.json(
                Listing(digests: digests.map(\.hex), owner: owner, count: count))
        } else {
            Terminal.line("\(count) \(remove ? "unpinned" : "pinned")")
        }
    }

    private struct Listing: Encodable {
        let digests: [String]
        let owner: String
        let count: Int
    }
}
