// How much time units get: after tries that kept something, and after tries that did not.

import Cluster
import Failures
import Foundation
import Jobs
import Testing

@Suite struct ClusterTimeTests {
    /// 10, 20, 40, 60 minutes.
    private static let hour = TimeLadder(
        planned: 10, partition: PartitionTime(usual: 5, most: 60))

    /// The present try runs until its time is over; nothing of it comes.
    private func timeOut(_ unit: inout OneUnit, keeping isKept: Bool) {
        unit.run()
        let number = unit.sent.count
        if isKept { unit.send(.kept(OneUnit.token(number), job: "J")) }
        unit.see([(number, .over(.timeout))])
        unit.now += unit.limits.fileMilliseconds
        if unit.sent.count == number, unit.end == nil { unit.see([(number, .over(.timeout))]) }
    }

    @Test func `who kept nothing gets twice the time, up to what the partition gives`() {
        var unit = OneUnit(times: Self.hour)
        for _ in 0..<4 { timeOut(&unit, keeping: false) }
        #expect(
            unit.sent.map { Self.hour.minutes(after: $0.counts.timeouts) } == [10, 20, 40, 60])
        #expect(unit.failure == .time(OneUnit.key, Self.hour))
        let words = unit.failure?.failure(lines: "")
        #expect(words?.failureClass == .resource)
        for word in ["60 min at most", "time of 60 min", "`resources: partition`"] {
            #expect(words?.message.contains(word) == true, "\(word): \(words?.message ?? "")")
        }
    }

    @Test func `who kept something goes on with as much, and as often as it takes`() {
        var unit = OneUnit(times: Self.hour)
        for _ in 0..<30 { timeOut(&unit, keeping: true) }
        #expect(unit.end == nil && unit.sent.count == 31)
        #expect(unit.sent.allSatisfy { $0.counts.timeouts == 0 })
        // What an earlier try kept is none of this one's.
        timeOut(&unit, keeping: false)
        #expect(unit.sent.last?.counts.timeouts == 1)
    }

    @Test func `what was kept in the end may be seen late`() {
        var unit = OneUnit(times: Self.hour)
        unit.run()
        unit.see([(1, .over(.timeout))])
        #expect(unit.sent.count == 1, "it is waited for")
        unit.send(.kept(OneUnit.token(1), job: "J"))
        unit.see([(1, .over(.timeout))])
        #expect(unit.sent.map(\.counts.timeouts) == [0, 0])
    }

    @Test func `a farewell before the limit counts as the limit, another does not`() {
        // The signal comes 150 s before the end of 10 minutes.
        for (seconds, timeouts) in [(430.0, 1), (100.0, 0)] {
            var unit = OneUnit(times: Self.hour)
            unit.run()
            unit.send(.found(OneUnit.token(1), job: "J", .stopped(seconds: seconds)))
            #expect(unit.sent.map(\.counts.timeouts) == [0, timeouts], "\(seconds)")
        }
    }

    /// By a forecast of 600 minutes, without a word of the partition; and what it gives.
    private static let unknown = TimeLadder(planned: 600)
    private static let known = TimeLadder(
        planned: 600, partition: PartitionTime(usual: 60, most: 240))

    @Test func `what a try asked for counts, not what was known when the job began`() {
        var unit = OneUnit(times: Self.unknown)
        unit.send(.asking(OneUnit.token(1), job: "J", Self.known))
        unit.run()
        #expect(unit.recorded.map(\.minutes) == [240])
        unit.send(.found(OneUnit.token(1), job: "J", .stopped(seconds: 240 * 60 - 310)))
        #expect(unit.failure == .time(OneUnit.key, Self.known))
        let message = unit.failure?.failure(lines: "").message ?? ""
        #expect(message.contains("its time of 240 min"), "\(message)")
        #expect(message.contains("240 min at most"), "\(message)")
    }

    @Test func `what was asked for another try says nothing of the present one`() {
        var unit = OneUnit(times: Self.unknown)
        unit.send(.asking(OneUnit.token(2), job: "J", Self.known))
        unit.run()
        #expect(unit.recorded.map(\.minutes) == [nil])
        unit.send(.found(OneUnit.token(1), job: "J", .stopped(seconds: 240 * 60 - 310)))
        #expect(unit.failure == nil && unit.sent.map(\.counts.timeouts) == [0, 0])
        // Nor does that of the first of the second.
        unit.send(.asking(OneUnit.token(2), job: "J", Self.hour))
        unit.run()
        unit.send(.found(OneUnit.token(2), job: "J", .stopped(seconds: 430)))
        #expect(unit.sent.map(\.counts.timeouts) == [0, 0, 1])
        #expect(unit.sent.map(\.minutes) == [nil, nil, nil])
    }

    @Test func `what a try asked for is on record for the next daemon`() throws {
        // Of 240 minutes that were asked for, and as an earlier version wrote it.
        for (minutes, timeouts) in [(240, 1), (nil, 0)] {
            let counts = #"{"lost":0,"interrupted":0,"timeouts":0,"memory_steps":0}"#
            let asked = minutes.map { #","minutes":\#($0)"# } ?? ""
            let text =
                #"{"version":1,"attempt":"A","number":1,"id":"1","counts":\#(counts)\#(asked)}"#
            let record = try JSONDecoder().decode(UnitRecord.self, from: Data(text.utf8))
            #expect(
                record == UnitRecord(attempt: "A", number: 1, id: "1", minutes: minutes))
            var unit = OneUnit(times: Self.unknown, record: record)
            unit.send(.found(OneUnit.token(1), job: "J", .stopped(seconds: 240 * 60 - 310)))
            #expect(unit.sent.map(\.counts.timeouts) == [timeouts], "\(asked)")
        }
    }

    @Test func `a ladder holds what was asked for by another`() {
        #expect(Self.hour.holding(20, after: 1) == Self.hour)
        #expect(Self.hour.holding(15, after: 0).minutes == [15, 20, 40, 60])
        #expect(Self.hour.holding(15, after: 0).top == Self.hour.top)
        #expect(Self.hour.holding(600, after: 1).minutes == [10, 600])
        let single = TimeLadder(named: 60).holding(15, after: 3)
        #expect(single.minutes == [60, 60, 60, 15, 60] && single.minutes(after: 3) == 15)
        let none = TimeLadder().holding(30, after: 1)
        #expect(none.minutes == [30, 30] && none.top == .doubled)
    }

    @Test func `of a time that is short a signal says nothing`() {
        for (minutes, timeouts) in [(2, 0), (4, 0), (5, 1), (10, 1)] {
            var unit = OneUnit(times: TimeLadder(planned: minutes))
            unit.run()
            let seconds = Double(minutes * 60)
            unit.send(.found(OneUnit.token(1), job: "J", .stopped(seconds: seconds)))
            #expect(unit.sent.map(\.counts.timeouts) == [0, timeouts], "\(minutes)")
        }
    }

    @Test func `the least time that people may name, too short for anything, ends with the cure`() {
        var unit = OneUnit(times: TimeLadder(named: 5, planned: 10, partition: nil))
        // A signal that came a minute early, behind 225 of 300 seconds.
        for number in 1...2 {
            #expect(unit.failure == nil)
            unit.run()
            unit.send(.found(OneUnit.token(number), job: "J", .stopped(seconds: 200)))
        }
        let message = unit.failure?.failure(lines: "").message ?? ""
        #expect(message.contains("5 min, which `resources: time` names"), "\(message)")
    }

    @Test func `time that people name is not doubled, and the failure says so`() {
        let named = TimeLadder(
            named: 90, planned: 10, partition: PartitionTime(usual: nil, most: 60))
        #expect(named.minutes == [90])
        var unit = OneUnit(times: named)
        timeOut(&unit, keeping: false)
        #expect(unit.end == nil && unit.sent.count == 2, "it may have been a preemption")
        timeOut(&unit, keeping: false)
        let message = unit.failure?.failure(lines: "").message ?? ""
        #expect(message.contains("90 min, which `resources: time` names"), "\(message)")
    }

    @Test func `ladders`() {
        let none = PartitionTime(usual: nil, most: nil)
        #expect(TimeLadder(planned: 10).minutes == [10, 20, 40, 80, 160])
        #expect(TimeLadder(planned: 10).top == .doubled)
        #expect(TimeLadder(planned: 10, partition: none).top == .doubled)
        let day = PartitionTime(usual: 30, most: 1_440)
        #expect(TimeLadder(planned: 10, partition: day).minutes == [10, 20, 40, 80, 160, 1_440])
        #expect(TimeLadder(planned: 5_000, partition: day).minutes == [1_440])
        #expect(TimeLadder(partition: day).minutes == [30, 60, 120, 240, 480, 1_440])
        #expect(TimeLadder().minutes.isEmpty && TimeLadder().minutes(after: 3) == nil)
        #expect(TimeLadder(planned: .max).minutes == [MinuteCount.most])
    }

    @Test func `what partitions give is read as it is printed`() {
        let times = PartitionTimes(
            listing: """
                long*|1:00:00|7-00:00:00
                short|n/a|30:00
                free|10:00|infinite
                odd|x|y
                cut|1:00
                """)
        #expect(times.time(of: nil) == PartitionTime(usual: 60, most: 10_080))
        #expect(times.time(of: "short") == PartitionTime(usual: nil, most: 30))
        #expect(times.time(of: "free") == PartitionTime(usual: 10, most: nil))
        #expect(times.time(of: "long,free") == PartitionTime(usual: 10, most: 10_080))
        for name in ["odd", "cut", "none", "long,none"] { #expect(times.time(of: name) == nil) }
        #expect(PartitionTimes(listing: "").time(of: nil) == nil)
    }

    // MARK: Reasons

    @Test(arguments: [
        "PartitionTimeLimit", "BadConstraints", "AssocMaxWallDurationPerJobLimit",
        "QOSMaxWallDurationPerJobLimit", "QOSMaxMemoryPerJob", "AssocMaxCpuPerJobLimit",
        "QOSMaxCpuPerNode", "QOSMinCpuNotSatisfied", "InvalidAccount", "QOSNotAllowed",
        "DependencyNeverSatisfied",
    ]) func `what can never start ends at once, with the reason and a cure`(_ reason: String) {
        var unit = OneUnit()
        unit.answer(1, .sent(id: "1"))
        unit.see([(1, .pending)], reason: reason)
        #expect(unit.cancelled == ["1"])
        unit.see([(1, .over(.cancelled))])
        let failure = unit.failure?.failure(lines: "")
        #expect(failure?.message.contains(reason) == true)
        #expect(QueueReason.cure(reason).map { failure?.message.hasSuffix($0) == true } == true)
        #expect(failure?.failureClass == .user)
    }

    @Test(arguments: [
        "", "Resources", "Priority", "QOSMaxJobsPerUserLimit", "QOSGrpCpuLimit", "Licenses",
        "AssocGrpMemLimit", "AssocMaxJobsLimit", "ReqNodeNotAvail", "PartitionNodeLimit",
        "JobHeldUser", "BeginTime", "SomethingNew",
    ]) func `what may pass is waited for`(_ reason: String) {
        var unit = OneUnit()
        unit.answer(1, .sent(id: "1"))
        for _ in 0..<100 {
            unit.now += unit.limits.pollMilliseconds
            unit.see([(1, .pending)], reason: reason)
        }
        #expect(unit.end == nil && unit.cancelled.isEmpty)
    }
}
