// One pass of verification over the objects: which it reads, how far it came, where it goes on.

import DurableIO
import JSON
import SystemPackage

/// How a store is verified.
package struct ScrubPolicy: Sendable {
    /// Part `part` of `count` of the objects, by the first digits of their names, so that a month
    /// of nights reads each once.
    package struct Subset: Equatable, Sendable {
        /// From 1.
        package let part: Int
        package let count: Int

        /// - Returns: Nil unless `1 <= part <= count` and `count` is at most 65,536.
        package init?(part: Int, of count: Int) {
            guard (1...65_536).contains(count), (1...count).contains(part) else { return nil }
            self.part = part
            self.count = count
        }

        func contains(_ digest: Digest) -> Bool {
            (Int(digest.hex.prefix(8), radix: 16) ?? 0) % count == part - 1
        }
    }

    /// Whether damaged objects are quarantined, and actions that rest on them removed. Default: no.
    package var isRepairing = false
    /// Whether to go on where an interrupted pass over the same objects stopped. Default: no.
    package var isResuming = false
    /// Default: all.
    package var subset: Subset?
    /// Objects between two checkpoints; nil to write none. Default: 1000.
    package var objectsPerCheckpoint: Int? = 1000

    package init() {}
}

/// How far a verification is.
package struct ScrubProgress: Equatable, Sendable {
    /// Objects read, and to be read, by this process.
    package internal(set) var done = 0
    package let total: Int
    /// Unpacked bytes read by this process.
    package internal(set) var rawBytes = 0
}

/// What an interrupted pass had done.
struct ScrubCheckpoint: Equatable {
    /// The last object that was read; nil before the first.
    var last: Digest?
    var subset: ScrubPolicy.Subset?
    var objects = 0
    var rawBytes = 0
    /// Damaged objects that were told.
    var faults = 0
}

/// A pass under way. Objects are read in the order of their names.
struct ScrubPass {
    let policy: ScrubPolicy
    let earlier: ScrubCheckpoint
    var progress: ScrubProgress
    private let digests: [Digest]

    /// - Parameters:
    ///   - digests: all objects, sorted.
    ///   - checkpoint: where to go on; nil to begin.
    init(_ policy: ScrubPolicy, _ digests: [Digest], resuming checkpoint: ScrubCheckpoint?) {
        self.policy = policy
        earlier = checkpoint ?? ScrubCheckpoint(subset: policy.subset)
        let last = earlier.last
        self.digests = digests.filter { digest in
            (last.map { $0 < digest } ?? true) && (policy.subset?.contains(digest) ?? true)
        }
        progress = ScrubProgress(total: self.digests.count)
    }

    func next() -> Digest? {
        progress.done < digests.count ? digests[progress.done] : nil
    }

    /// - Parameter faults: damaged objects that this process told so far.
    /// - Returns: A checkpoint where it is time for one.
    mutating func finished(
        _ digest: Digest, _ report: VerifierReport, faults: Int
    ) -> ScrubCheckpoint? {
        progress.done += 1
        guard let interval = policy.objectsPerCheckpoint, progress.done % interval == 0 else {
            return nil
        }
        var checkpoint = earlier
        checkpoint.last = digest
        checkpoint.objects += report.objectCount
        checkpoint.rawBytes += report.rawBytes
        checkpoint.faults += faults
        return checkpoint
    }
}

// MARK: - The file

extension ScrubCheckpoint {
    var members: [String: CanonicalJSON] {
        [
            "faults": .integer(faults), "format": 1, "last": .string(last?.hex ?? ""),
            "objects": .integer(objects), "raw_bytes": .integer(rawBytes),
            "subset": .array(subset.map { [.integer($0.part), .integer($0.count)] } ?? []),
        ]
    }

    /// - Returns: Nil for anything but `members`.
    init?(_ json: CanonicalJSON) {
        guard json["format"] == 1,
            let last = json["last"]?.stringValue.flatMap({ Digest(hex: $0) }),
            let objects = json["objects"]?.integerValue,
            let rawBytes = json["raw_bytes"]?.integerValue,
            let faults = json["faults"]?.integerValue,
            let numbers = json["subset"]?.arrayValue?.compactMap(\.integerValue)
        else { return nil }
        let subset =
            numbers.count == 2 ? ScrubPolicy.Subset(part: numbers[0], of: numbers[1]) : nil
        if subset == nil, !numbers.isEmpty { return nil }
        self.init(
            last: last, subset: subset, objects: objects, rawBytes: rawBytes, faults: faults)
    }
}

extension ContentStore {
    /// Where a pass over the same objects was interrupted; nil where none was.
    func checkpoint(of policy: ScrubPolicy) -> ScrubCheckpoint? {
        let checkpoint = CareFile.read(layout.scrub).flatMap { ScrubCheckpoint($0) }
        return checkpoint?.subset == policy.subset ? checkpoint : nil
    }

    /// The pass is complete.
    func removeCheckpoint(of policy: ScrubPolicy) throws(SystemCallError) {
        guard checkpoint(of: policy) != nil else { return }
        do throws(SystemCallError) {
            try Syscalls.unlink(layout.scrub)
        } catch {
            guard error.isMissing else { throw error }
        }
    }
}
