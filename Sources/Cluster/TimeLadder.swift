// How much time tries of a unit ask for: the first, and each that follows one which kept nothing
// until its time was over. One that kept something goes on with as much. Pure.

import Jobs

package struct TimeLadder: Sendable, Hashable {
    /// Why there is no more than the last.
    package enum Top: Sendable, Hashable {
        /// Somebody named the time: it is asked for as it is.
        case named
        /// No more may be asked of the partition than these minutes.
        case partition(minutes: Int)
        /// The partition's limit is not known, or it has none.
        case doubled
        /// Nobody knows what the first gets: there is no forecast, and the queue was not asked or
        /// did not say.
        case unknown
    }

    /// Ascending; empty: nothing is asked for.
    package let minutes: [Int]
    package let top: Top

    /// Beyond, only the partition's limit is tried.
    private static let doublingsMax = 4

    /// - Parameters:
    ///   - named: minutes that manifest or settings ask for.
    ///   - planned: minutes by the forecast.
    ///   - partition: what the partition gives; nil where that is not known.
    package init(named: Int? = nil, planned: Int? = nil, partition: PartitionTime? = nil) {
        if let named {
            (minutes, top) = ([named], .named)
            return
        }
        guard let first = planned ?? partition?.usual else {
            (minutes, top) = ([], .unknown)
            return
        }
        let least = min(max(1, first), MinuteCount.most)
        var steps: [Int] = []
        for doublings in 0...Self.doublingsMax {
            let step = min(least << doublings, MinuteCount.most)
            if step != steps.last { steps.append(step) }
        }
        if let most = partition?.most {
            minutes = steps.filter { $0 < most } + [most]
            top = .partition(minutes: most)
        } else {
            (minutes, top) = (steps, .doubled)
        }
    }

    private init(minutes: [Int], top: Top) {
        self.minutes = minutes
        self.top = top
    }

    /// This one, but that after so many tries that kept nothing `asked` minutes were asked for, by
    /// what was known then: more than these are asked for next.
    package func holding(_ asked: Int, after timeouts: Int) -> TimeLadder {
        if minutes(after: timeouts) == asked { return self }
        let before = (0..<min(max(0, timeouts), Self.doublingsMax + 1)).map {
            minutes(after: $0) ?? asked
        }
        return TimeLadder(
            minutes: before + [asked] + minutes.filter { $0 > asked },
            // Something was asked for, so that is no reason.
            top: top == .unknown ? .doubled : top)
    }

    /// What is asked for after so many tries that kept nothing; nil: nothing is.
    package func minutes(after timeouts: Int) -> Int? {
        minutes.isEmpty ? nil : minutes[min(max(0, timeouts), minutes.count - 1)]
    }
}

/// What a partition of the queue gives, in minutes.
package struct PartitionTime: Sendable, Hashable {
    /// Where nothing is asked for; nil where the partition does not say.
    package let usual: Int?
    /// At most; nil where there is no limit.
    package let most: Int?

    package init(usual: Int?, most: Int?) {
        self.usual = usual
        self.most = most
    }
}

/// What all partitions give, as the command `limits` prints it. Limits of accounts and of QOS are
/// not among them: of these only the queue's reason tells, once a unit waits for it.
package struct PartitionTimes: Sendable, Hashable {
    private var times: [String: PartitionTime] = [:]
    /// The partition of who names none.
    private var usual: String?

    /// - Parameter listing: a line `NAME|USUAL|MOST` for each partition, the usual one's name with
    ///   a star. What is none of these says nothing.
    package init(listing: String) {
        for line in listing.split(separator: "\n") {
            let words = line.split(separator: "|", omittingEmptySubsequences: false)
            guard words.count == 3, let most = Self.limit(words[2]) else { continue }
            let isUsual = words[0].last == "*"
            let name = String(isUsual ? words[0].dropLast() : words[0])
            if name.isEmpty { continue }
            times[name] = PartitionTime(usual: Self.minutes(words[1]), most: most)
            if isUsual { usual = name }
        }
    }

    /// - Parameter names: of one partition, or of several with commas between, any of which the
    ///   queue may take; nil: the usual one.
    /// - Returns: nil where it is not known.
    package func time(of names: String?) -> PartitionTime? {
        guard let names = names ?? usual else { return nil }
        let found = names.split(separator: ",").map { times[String($0)] }
        let known = found.compactMap(\.self)
        guard !known.isEmpty, known.count == found.count else { return nil }
        // Whatever the queue takes has to do.
        let usual = known.contains { $0.usual == nil } ? nil : known.compactMap(\.usual).min()
        return PartitionTime(usual: usual, most: known.compactMap(\.most).min())
    }

    /// - Returns: nil for what is no limit, and within it nil for none.
    private static func limit(_ text: Substring) -> Int?? {
        let isNone = ["infinite", "unlimited"].contains(text.lowercased())
        if isNone { return .some(nil) }
        return minutes(text).map { .some($0) }
    }

    /// `days-hours:minutes:seconds`, as Slurm shortens it: `30:00`, `4:00:00`, `1-00:00:00`. Whole
    /// minutes, rounded down.
    private static func minutes(_ text: Substring) -> Int? {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let clock = halves.last, halves.count <= 2 else { return nil }
        let words = clock.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = words.compactMap { $0.utf8.count <= 6 ? Int($0) : nil }
        guard numbers.count == words.count, (2...3).contains(numbers.count),
            numbers.allSatisfy({ $0 >= 0 })
        else { return nil }
        let hours = numbers.count == 3 ? numbers[0] : 0
        var days = 0
        if halves.count == 2 {
            guard halves[0].utf8.count <= 6, let count = Int(halves[0]), count >= 0 else {
                return nil
            }
            days = count
        }
        let all = (days * 24 + hours) * 60 + numbers[numbers.count - 2]
        return all > 0 ? all : nil
    }
}
