// When a file in the inbox is complete: at once when it was moved in, else when it has not changed
// for a while. Pure; the clock is monotonic, so neither a file's own times nor a jump of the wall
// clock can fool it.

package import DurableIO
package import SystemPackage

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

    package var settleTime: Duration
    private var sightings: [FilePath.Component: Sighting] = [:]
    /// Files that were put back: their move into the inbox was ours.
    private var putBack: [FilePath.Component: FileStatus] = [:]

    package init(settleTime: Duration) {
        self.settleTime = settleTime
    }

    package mutating func verdict(
        on name: FilePath.Component, _ status: FileStatus, movedIn: Bool,
        now: ContinuousClock.Instant
    ) -> Verdict {
        let isOurs = putBack[name].map { $0.isSameFile(as: status) } ?? false
        if movedIn, !isOurs { return .ready }
        guard let sighting = sightings[name], Self.isUnchanged(sighting.status, status) else {
            sightings[name] = Sighting(status: status, since: now)
            return settleTime > .zero ? .wait(settleTime) : .ready
        }
        let age = sighting.since.duration(to: now)
        return age >= settleTime ? .ready : .wait(settleTime - age)
    }

    /// Forgets files that are gone, so that memory is bounded by the inbox.
    package mutating func keep(only names: Set<FilePath.Component>) {
        sightings = sightings.filter { names.contains($0.key) }
        putBack = putBack.filter { names.contains($0.key) }
    }

    /// The file changed after it was claimed: from now on only rest makes it complete.
    package mutating func distrust(_ name: FilePath.Component, _ status: FileStatus) {
        putBack[name] = status
        sightings[name] = nil
    }

    /// For how long the file has been seen unchanged.
    package func rest(
        of name: FilePath.Component, now: ContinuousClock.Instant
    ) -> Duration {
        sightings[name].map { $0.since.duration(to: now) } ?? .zero
    }

    private static func isUnchanged(_ before: FileStatus, _ now: FileStatus) -> Bool {
        before.isSameFile(as: now) && before.byteCount == now.byteCount
            && before.modifiedNanoseconds == now.modifiedNanoseconds
            && before.changedNanoseconds == now.changedNanoseconds
    }
}
