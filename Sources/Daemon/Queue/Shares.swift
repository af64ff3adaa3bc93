// Fair shares: how long workers of each user's jobs ran, older use counting less and less.

import Glibc

/// Slot seconds by user, halved with each half-life.
package struct Shares: Sendable, Hashable {
    private var halfLifeMilliseconds: Int
    /// As they were at `asOf`. All fade at the same rate, so time alone changes no order.
    private var seconds: [Int: Double]
    private var asOf: Int

    /// - Parameters:
    ///   - seconds: what was used up to `now`, as it counts at that time.
    ///   - now: milliseconds of a clock that never jumps.
    package init(
        halfLifeMilliseconds: Int, seconds: [Int: Double] = [:], now: Int = 0
    ) {
        precondition(halfLifeMilliseconds > 0, "use fades")
        self.halfLifeMilliseconds = halfLifeMilliseconds
        self.seconds = seconds
        asOf = now
    }

    package func used(by owner: Int, now: Int) -> Double {
        (seconds[owner] ?? 0) * Self.rest(after: now - asOf, halfLife: halfLifeMilliseconds)
    }

    /// Use fades at another rate from now on.
    package mutating func fade(halfLifeMilliseconds: Int, now: Int) {
        precondition(halfLifeMilliseconds > 0, "use fades")
        settle(now: now)
        self.halfLifeMilliseconds = halfLifeMilliseconds
    }

    package mutating func charge(_ owner: Int, seconds used: Double, now: Int) {
        settle(now: now)
        seconds[owner, default: 0] += max(0, used)
    }

    private mutating func settle(now: Int) {
        let rest = Self.rest(after: now - asOf, halfLife: halfLifeMilliseconds)
        if rest < 1 { seconds = seconds.mapValues { $0 * rest } }
        asOf = max(asOf, now)
    }

    /// What is left of a use after a time.
    package static func rest(after milliseconds: Int, halfLife: Int) -> Double {
        exp2(-Double(max(0, milliseconds)) / Double(halfLife))
    }
}
