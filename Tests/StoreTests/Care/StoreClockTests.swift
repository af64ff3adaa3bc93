// The store's clock against clocks that jump: nothing looks older than it can be.

import DurableIO
import JSON
import SystemPackage
import Testing

@testable import Store

@Suite struct StoreClockTests {
    private static let second: Int64 = 1_000_000_000
    private static let hour = 3600 * second
    private static let year = 365 * 24 * hour
    /// Some day in 2026.
    private static let start: Int64 = 1_780_000_000 * second

    private func reading(_ wall: Int64, _ uptime: Int64, boot: String = "a") -> ClockReading {
        ClockReading(wall: wall, boot: BootTime(boot: boot, uptime: uptime))
    }

    @Test("without jumps an age is a difference, and the future is young")
    func plain() {
        var clock = StoreClock(reading(Self.start, Self.hour))
        clock.observe(reading(Self.start + Self.hour, 2 * Self.hour))
        #expect(clock.jumps.isEmpty)
        #expect(clock.age(of: Self.start) == Self.hour)
        #expect(clock.age(of: Self.start - Self.year) == Self.year + Self.hour)
        #expect(clock.age(of: Self.start + Self.year) == 0)
    }

    @Test("a clock set a year on, or back, makes nothing a year older", arguments: [1, -1])
    func jump(direction: Int64) {
        let jump = direction * Self.year
        var clock = StoreClock(reading(Self.start, Self.hour))
        // An hour passed, and somewhere in it the clock was set.
        clock.observe(reading(Self.start + Self.hour + jump, 2 * Self.hour))
        #expect(clock.jumps.count == 1)
        #expect(clock.age(of: Self.start) == Self.hour)
        #expect(clock.age(of: Self.start - 5 * Self.hour) == 6 * Self.hour)
        // In that hour, before the clock was set and after it: at most the hour old.
        #expect((0...Self.hour).contains(clock.age(of: Self.start + Self.second)))
        let after = Self.start + Self.hour + jump - Self.second
        #expect((0...Self.hour).contains(clock.age(of: after)))
        // Another hour later.
        clock.observe(reading(Self.start + 2 * Self.hour + jump, 3 * Self.hour))
        #expect(clock.jumps.count == 1)
        #expect(clock.age(of: Self.start) == 2 * Self.hour)
        #expect(clock.age(of: Self.start + Self.hour + jump) == Self.hour)
        // And set right again.
        clock.observe(reading(Self.start + 3 * Self.hour, 4 * Self.hour))
        #expect(clock.jumps.count == 2)
        #expect(clock.age(of: Self.start) == 3 * Self.hour)
        #expect(clock.age(of: Self.start + 3 * Self.hour) == 0)
    }

    @Test("what passed while the machine was off is believed to a bound, and never backwards")
    func boots() {
        var clock = StoreClock(reading(Self.start, Self.hour))
        clock.observe(reading(Self.start + 10 * Self.hour, Self.second, boot: "b"))
        #expect(clock.jumps.isEmpty)
        #expect(clock.age(of: Self.start) == 10 * Self.hour)
        // The battery was empty: 1970, and half a minute later the network's time.
        clock.observe(reading(Self.second, Self.second, boot: "c"))
        #expect(clock.age(of: Self.start) == 10 * Self.hour)
        clock.observe(reading(Self.start + Self.year, 31 * Self.second, boot: "c"))
        #expect(clock.age(of: Self.start) == 10 * Self.hour + 30 * Self.second)
        clock.observe(reading(Self.start + 9 * Self.year, Self.second, boot: "d"))
        #expect(
            clock.age(of: Self.start)
                == 10 * Self.hour + 30 * Self.second + StoreClock.unseenMax)
    }

    @Test("a clock that is steered by seconds did not jump, and only the last jumps are kept")
    func steered() {
        var clock = StoreClock(reading(Self.start, 0))
        var wall = Self.start
        for hour in 1...20 {
            wall += Self.hour + 50 * Self.second
            clock.observe(reading(wall, Int64(hour) * Self.hour))
        }
        #expect(clock.jumps.isEmpty)
        for hour in 21...60 {
            wall += 2 * Self.hour
            clock.observe(reading(wall, Int64(hour) * Self.hour))
        }
        #expect(clock.jumps.count == StoreClock.jumpsMax)
        #expect(StoreClock(.object(clock.members)) == clock)
    }

    @Test("a collection after a jump of a year takes nothing that is young", arguments: [1, -1])
    func collection(direction: Int64) throws {
        let state = try TemporaryState(in: "/tmp")
        let store = try ContentStore(state: state.path)
        let object = try store.put([1])
        var policy = CollectorPolicy()
        policy.limit = .bounds(CacheBounds(0))
        let wall = try #require(
            try Syscalls.stat(store.layout.object(object.digest))
        ).modifiedNanoseconds
        policy.clock = reading(wall + Self.hour, 2 * Self.hour)
        #expect(try store.collect(policy).objects.isEmpty)
        policy.clock = reading(wall + 2 * Self.hour + direction * Self.year, 3 * Self.hour)
        #expect(try store.collect(policy).objects.isEmpty, "two hours old, whatever the date")
        // A dry run looks without remembering.
        let before = try contents(store.layout.clock)
        policy.isDryRun = true
        policy.clock = reading(wall + 9 * Self.hour, 10 * Self.hour)
        _ = try store.collect(policy)
        #expect(try contents(store.layout.clock) == before)
        policy.isDryRun = false
        policy.clock = reading(wall + 30 * Self.hour + direction * Self.year, 31 * Self.hour)
        #expect(try store.collect(policy).objects == [object.digest], "a day has passed")
        // A damaged clock begins anew.
        try overwrite(store.layout.clock, Array("{}".utf8))
        _ = try store.collect(policy)
        #expect(CareFile.read(store.layout.clock).flatMap { StoreClock($0) }?.jumps == [])
    }
}
