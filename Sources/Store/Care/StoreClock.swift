// How long ago something in the store was used, whatever became of the clock meanwhile: files carry
// times by a clock that people and batteries set, and nothing may be removed because of that.

package import DurableIO
import JSON
import SystemPackage

/// What the clocks said at one moment.
package struct ClockReading: Equatable, Sendable {
    /// By the clock that stamps the store's files; nanoseconds since 1970 UTC.
    package let wall: Int64
    package let boot: BootTime

    package init(wall: Int64, boot: BootTime) {
        self.wall = wall
        self.boot = boot
    }
}

/// The store's own clock: the last reading, and where the wall clock jumped before it.
///
/// Between two readings of one boot the time since boot says what passed. Between boots the wall
/// clock does, as far as it went forward and not further than `unseenMax`.
package struct StoreClock: Equatable, Sendable {
    /// The wall clock said `from`, then, `to` being where it would have been at that moment by its
    /// later setting, and at the next reading it said `seen`.
    struct Jump: Equatable, Sendable {
        let from: Int64
        let to: Int64
        let seen: Int64
    }

    static let second: Int64 = 1_000_000_000
    /// Clocks that are steered drift by less.
    static let tolerance = 60 * second
    /// Nobody knows what a machine that was switched off saw: 30 days at most are believed.
    static let unseenMax = 30 * 86_400 * second
    static let jumpsMax = 16

    private(set) var last: ClockReading
    /// Oldest first.
    private(set) var jumps: [Jump] = []

    package init(_ reading: ClockReading) { last = reading }

    /// Takes a later reading.
    package mutating func observe(_ reading: ClockReading) {
        let walked = reading.wall &- last.wall
        let passed =
            reading.boot.boot == last.boot.boot
            ? max(0, reading.boot.uptime - last.boot.uptime)
            : min(max(0, walked), Self.unseenMax)
        if abs(walked - passed) > Self.tolerance {
            jumps.append(
                Jump(from: last.wall, to: reading.wall - passed, seen: reading.wall))
            jumps.removeFirst(max(0, jumps.count - Self.jumpsMax))
        }
        last = reading
    }

    /// How long before the last reading a file got this time; of several answers the youngest.
    /// - Returns: Nanoseconds, never negative.
    package func age(of time: Int64) -> Int64 {
        var passed: Int64 = 0
        var end = last.wall
        // Of a time that no setting of the clock had: it was given between two readings.
        var youngest: Int64?
        for jump in jumps.reversed() {
            if time >= jump.to, time <= end { return passed + end - time }
            if time > end { youngest = youngest ?? passed }
            let sinceSeen = max(0, end - jump.seen)
            if time > jump.from, time < jump.to { youngest = youngest ?? passed + sinceSeen }
            passed += max(0, end - jump.to)
            end = jump.from
        }
        if time <= end { return passed + end - time }
        return youngest ?? passed
    }
}

// MARK: - The file

extension StoreClock {
    var members: [String: CanonicalJSON] {
        [
            "boot": .string(last.boot.boot), "format": 1,
            "jumps": .array(
                jumps.map {
                    [.integer(Int($0.from)), .integer(Int($0.to)), .integer(Int($0.seen))]
                }),
            "uptime": .integer(Int(last.boot.uptime)), "wall": .integer(Int(last.wall)),
        ]
    }

    /// - Returns: Nil for anything but `members`.
    init?(_ json: CanonicalJSON) {
        guard json["format"] == 1, let boot = json["boot"]?.stringValue,
            let uptime = json["uptime"]?.integerValue, let wall = json["wall"]?.integerValue,
            let jumps = json["jumps"]?.arrayValue
        else { return nil }
        last = ClockReading(
            wall: Int64(wall), boot: BootTime(boot: boot, uptime: Int64(uptime)))
        for jump in jumps {
            let numbers = (jump.arrayValue ?? []).compactMap(\.integerValue).map { Int64($0) }
            guard numbers.count == 3 else { return nil }
            self.jumps.append(Jump(from: numbers[0], to: numbers[1], seen: numbers[2]))
        }
    }
}

extension ContentStore {
    /// The store's clock, brought up to a reading.
    ///
    /// A file that is missing or damaged begins anew: then the clock is believed as it is.
    /// - Parameter keeping: Whether the reading is remembered.
    func clock(
        at reading: ClockReading, keeping: Bool
    ) throws(SystemCallError) -> StoreClock {
        var clock = StoreClock(reading)
        if let known = CareFile.read(layout.clock).flatMap({ StoreClock($0) }) {
            clock = known
            clock.observe(reading)
        }
        if keeping { try keep(clock.members, as: layout.clock) }
        return clock
    }

    /// What the clocks say now; the wall clock is that of the store's file system.
    func readClocks() throws(SystemCallError) -> ClockReading {
        let file = try newFile()
        let wall = try Syscalls.stat(file.temporaryPath)?.modifiedNanoseconds ?? 0
        return ClockReading(wall: wall, boot: .now())
    }
}
