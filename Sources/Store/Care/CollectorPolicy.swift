// What garbage collection is told, and what it tells.

import DurableIO
package import SystemPackage

/// When to begin to remove, and when to stop; packed bytes of all objects together.
package struct CacheBounds: Equatable, Sendable {
    /// Nothing is removed up to here.
    package let high: Int
    /// Once begun, it goes on until no more than this is left.
    package let low: Int

    package init(high: Int, low: Int) {
        self.high = high
        self.low = low
    }

    /// One limit, begun at and gone down to.
    package init(_ limit: Int) { self.init(high: limit, low: limit) }
}

/// How much of a disk the store may take.
package struct CacheLimits: Equatable, Sendable {
    /// Packed bytes of the objects; nil for as much as the disk has. Default: nil.
    package var size: Int?
    /// Shares of `size` at which collection begins, and to which it goes. Default: 0.9, 0.8.
    package var high = 0.9
    package var low = 0.8
    /// Bytes that stay free on the disk for others; nil for a twentieth of it, 20 GiB at most.
    package var freeFloor: Int?

    package init() {}

    private static let freeFloorMax = 20 << 30

    /// What holds for a disk as it is now.
    /// - Parameter used: packed bytes of the objects.
    package func bounds(used: Int, free: Int, total: Int) -> CacheBounds {
        let floor = freeFloor ?? min(total / 20, Self.freeFloorMax)
        // What the disk lacks, the store gives. With as much again it is not full at once.
        let lacking = max(0, floor - free)
        let byDisk = CacheBounds(
            high: lacking > 0 ? max(0, used - lacking) : .max,
            low: lacking > 0 ? max(0, used - 2 * lacking) : .max)
        guard let size else { return byDisk }
        return CacheBounds(
            high: min(byDisk.high, Int(Double(size) * high)),
            low: min(byDisk.low, Int(Double(size) * low)))
    }
}

/// What garbage collection may do.
package struct CollectorPolicy: Sendable {
    package enum Limit: Sendable {
        case none
        case bounds(CacheBounds)
        /// By the disk as it is found.
        case limits(CacheLimits)
    }

    /// How far to go beyond what nothing names. Default: not at all.
    package var limit = Limit.none
    /// What was made or used less than this long ago stays, by the store's own clock: work under
    /// way puts objects before it names them. Not negative: what is used from now on is then seen
    /// by its time. Default: 24 hours.
    package var graceSeconds = 86_400
    /// What was used since then stays as well, however long ago that is: when the oldest of the
    /// jobs that are not finished was started; milliseconds since 1970 UTC. Default: nil.
    package var workingSince: Int?
    /// Objects and keys that work under way needs. Default: none.
    package var roots: Set<Digest> = []
    /// Whether to tell only. Default: no.
    package var isDryRun = false
    /// What the clocks say; nil to read them. Default: nil.
    package var clock: ClockReading?

    package init() {}
}

/// What garbage collection did, or would do.
package struct CollectorReport: Equatable, Sendable {
    /// Removed, in the order of removal.
    package internal(set) var actions: [Digest] = []
    package internal(set) var objects: [Digest] = []
    /// Packed bytes of the objects removed, and of those that stay.
    package internal(set) var freedBytes = 0
    package internal(set) var keptBytes = 0
    /// Of those that stay: bytes that are young, pinned or needed by unfinished jobs.
    package internal(set) var protectedBytes = 0
    /// Seconds of computing that the removed steps once took.
    package internal(set) var lostSeconds = 0.0
    /// What was to be reached; nil where there was no limit.
    package internal(set) var bounds: CacheBounds?
    /// Whether what is protected alone exceeds the limit.
    package internal(set) var isOverLimit = false
    /// Names that are none of the store's; they are never removed.
    package internal(set) var unknown: [FilePath] = []
    /// What was to go and may not be removed: it is somebody else's, or a folder.
    package internal(set) var stuck: [FilePath] = []
}
