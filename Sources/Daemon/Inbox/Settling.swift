// When a file in the inbox is complete: at once when it was moved in, else when it has not changed
// for a while. Pure; the clock is monotonic, so neither a file's own times nor a jump of the wall
// clock can fool it.

package import DurableIO

package struct Settling: Sendable {
    package enum Verdict: Sendable, Equatable {
        case ready
        /// Look again after this.
        case wait(Duration)
    }

    private struct Sighting {
        var status: FileStatus
        var since: ContinuousClock.Instant
    }

    private let settleTime: Duration
    private var sightings: [String: Sighting] = [:]

    package init(settleTime: Duration) {
        self.settleTime = settleTime
    }

    package mutating func verdict(
        on name: String, _ status: FileStatus, movedIn: Bool, now: ContinuousClock.Instant
    ) -> Verdict {
        if movedIn { return .ready }
        guard let sighting = sightings[name], Self.isUnchanged(sighting.status, status) else {
            sightings[name] = Sighting(status: status, since: now)
            return settleTime > .zero ? .wait(settleTime) : .ready
        }
        let age = sighting.since.duration(to: now)
        return age >= settleTime ? .ready : .wait(settleTime - age)
    }

    /// Forgets files that are gone, so that memory is bounded by the inbox.
    package mutating func keep(only names: Set<String>) {
        sightings = sightings.filter { names.contains($0.key) }
    }

    private static func isUnchanged(_ before: FileStatus, _ now: FileStatus) -> Bool {
        before.isSameFile(as: now) && before.byteCount == now.byteCount
            && before.modifiedNanoseconds == now.modifiedNanoseconds
            && before.changedNanoseconds == now.changedNanoseconds
    }
}
