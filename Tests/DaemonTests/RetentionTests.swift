// Which results a rule removes, and when it has to have told so.

import Jobs
import Testing

@testable import Daemon

@Suite struct RetentionTests {
    private static let day = 86_400_000
    private let now = 1_000 * day

    private func kept(
        _ job: String, daysAgo: Int, bytes: Int = 10, owner: Int = 1, announced: Int? = nil
    ) -> KeptResults {
        KeptResults(
            job: job, owner: owner, bytes: bytes, finishedAt: now - daysAgo * Self.day,
            announcedAt: announced)
    }

    private func chosen(_ kept: [KeptResults], _ rule: RetentionRule) -> Set<String> {
        Set(Retention.steps(for: kept, by: rule, now: now).map(\.results.job))
    }

    @Test func `results go by age, by number and by bytes, each user's for themselves`() {
        let all = [
            kept("a", daysAgo: 1), kept("b", daysAgo: 5, bytes: 80), kept("c", daysAgo: 30),
            kept("d", daysAgo: 31), kept("e", daysAgo: 99, owner: 2),
        ]
        #expect(chosen(all, RetentionRule(days: 30)) == ["d", "e"])
        #expect(chosen(all, RetentionRule(count: 2)) == ["c", "d"])
        #expect(chosen(all, RetentionRule(bytes: 90)) == ["c", "d"])
        #expect(chosen(all, RetentionRule(bytes: 89)) == ["b", "c", "d"])
        #expect(chosen(all, RetentionRule(days: 10, count: 3)) == ["c", "d", "e"])
        #expect(chosen(all, RetentionRule()).isEmpty)
    }

    @Test func `the newest results of a user stay, however large`() {
        #expect(chosen([kept("a", daysAgo: 0, bytes: 1_000)], RetentionRule(bytes: 5)).isEmpty)
    }

    @Test func `files with holes that say more than an Int holds are beyond every limit`() {
        let all = [
            kept("a", daysAgo: 1, bytes: .max), kept("b", daysAgo: 2, bytes: .max),
            kept("c", daysAgo: 3), kept("d", daysAgo: 4, owner: 2), kept("e", daysAgo: 5, owner: 2),
        ]
        #expect(chosen(all, RetentionRule(bytes: 1 << 52)) == ["b", "c"], "no other user's")
        let text = ResultsQuota.obstacle(to: .max, owner: 7, kept: .max, limit: 100)
        #expect(text?.contains("never fit") == true)
        let other = ResultsQuota.obstacle(to: 50, owner: 7, kept: .max, limit: 100)
        #expect(other?.contains("move \(Int.max - 100) bytes away") == true)
        #expect(ResultsQuota.obstacle(owner: 7, bytes: .max, limit: 0) != nil)
    }

    @Test func `nothing is removed before a day after it was told`() throws {
        let rule = RetentionRule(days: 1)
        func step(announced: Int?) throws -> RetentionStep {
            let results = kept("a", daysAgo: 9, announced: announced)
            return try #require(Retention.steps(for: [results], by: rule, now: now).first)
        }
        let first = try step(announced: nil)
        #expect(first.action == .announce)
        #expect(first.removedAt == now + Self.day)
        #expect(first.reason == "finished more than 1 days ago")
        #expect(try step(announced: now).action == .wait)
        #expect(try step(announced: now - Self.day + 1).action == .wait)
        #expect(try step(announced: now - Self.day).action == .remove)
        #expect(try step(announced: now - 7 * Self.day).action == .remove)
        #expect(try step(announced: now - 7 * Self.day - 1).action == .announce, "too long ago")
        #expect(try step(announced: now + 1).action == .announce, "the clock was turned back")
    }

    @Test func `a user over the limit is told how many bytes are too many`() {
        #expect(ResultsQuota.obstacle(owner: 7, bytes: 100, limit: nil) == nil)
        #expect(ResultsQuota.obstacle(owner: 7, bytes: 100, limit: 100) == nil)
        let text = ResultsQuota.obstacle(owner: 7, bytes: 130, limit: 100)
        #expect(text?.contains("remove or move 30 bytes away") == true)
        #expect(text?.contains("user 7") == true)
    }

    @Test func `results that would go beyond the limit are told by numbers, and what helps`() {
        func obstacle(_ bytes: Int, _ kept: Int, _ limit: Int?) -> String? {
            ResultsQuota.obstacle(to: bytes, owner: 7, kept: kept, limit: limit)
        }
        #expect(obstacle(50, 50, nil) == nil && obstacle(50, 50, 100) == nil)
        let text = obstacle(50, 80, 100)
        #expect(text?.contains("remove or move 30 bytes away") == true)
        #expect(text?.contains("goes on by itself") == true)
        #expect(obstacle(101, 0, 100)?.contains("never fit") == true)
    }
}
