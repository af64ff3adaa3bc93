// MT19937 (Matsumoto and Nishimura, 1998) with the seeding and the normal variates of NumPy's
// `RandomState`, and the seeding and the samples of Python's `random`, so that what other programs
// drew can be drawn again.

import Glibc

/// A seeded source of uniform and normal variates; the same on every machine.
package struct MersenneTwister: Sendable {
    private var state: [UInt32]
    private var next: Int
    /// The second variate of the last polar pair.
    private var spare: Double?

    private static let length = 624
    private static let middle = 397

    /// The state of `numpy.random.RandomState(seed)`.
    package init(seed: UInt32) {
        state = [seed]
        state.reserveCapacity(Self.length)
        for index in 1..<UInt32(Self.length) {
            let last = state[state.count - 1]
            state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ index)
        }
        next = Self.length
    }

    /// 32 uniform bits.
    package mutating func bits() -> UInt32 {
        if next == Self.length { refill() }
        var word = state[next]
        next += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9d2c_5680
        word ^= (word << 15) & 0xefc6_0000
        return word ^ (word >> 18)
    }

    /// A uniform number in [0, 1) with 53 bits.
    package mutating func uniform() -> Double {
        let high = Double(bits() >> 5)
        let low = Double(bits() >> 6)
        return (high * 67_108_864 + low) / 9_007_199_254_740_992
    }

    /// A standard normal number by the polar method; pairs are handed out second one first.
    package mutating func normal() -> Double {
        if let kept = spare {
            spare = nil
            return kept
        }
        while true {
            let first = 2 * uniform() - 1
            let second = 2 * uniform() - 1
            let squared = first * first + second * second
            guard squared < 1, squared != 0 else { continue }
            let factor = (-2 * log(squared) / squared).squareRoot()
            spare = factor * first
            return factor * second
        }
    }

    private mutating func refill() {
        for index in 0..<Self.length {
            let next = state[(index + 1) % Self.length]
            let mixed = (state[index] & 0x8000_0000) | (next & 0x7fff_ffff)
            let twist = (mixed >> 1) ^ (mixed & 1 == 0 ? 0 : 0x9908_b0df)
            state[index] = state[(index + Self.middle) % Self.length] ^ twist
        }
        next = 0
    }
}

// MARK: Python's `random`

extension MersenneTwister {
    /// The state of `random.Random(seed)`.
    package init(pythonSeed seed: UInt32) {
        self.init(seed: 19_650_218)
        func mixed(_ index: Int, _ factor: UInt32) -> UInt32 {
            let last = state[index - 1]
            return state[index] ^ ((last ^ (last >> 30)) &* factor)
        }
        var index = 1
        func next() {
            index += 1
            guard index == Self.length else { return }
            state[0] = state[Self.length - 1]
            index = 1
        }
        for _ in 0..<Self.length {
            state[index] = mixed(index, 1_664_525) &+ seed
            next()
        }
        for _ in 1..<Self.length {
            state[index] = mixed(index, 1_566_083_941) &- UInt32(index)
            next()
        }
        state[0] = 0x8000_0000
    }

    /// `random.randrange(bound)`.
    private mutating func pythonIndex(below bound: Int) -> Int {
        let width = Int.bitWidth - bound.leadingZeroBitCount
        precondition((1...32).contains(width), "something to choose from, of 32 bits")
        while true {
            let value = Int(bits() >> UInt32(32 - width))
            if value < bound { return value }
        }
    }

    /// `random.sample(range(total), count)`; at most `total`.
    package mutating func pythonSample(_ count: Int, of total: Int) -> [Int] {
        // Python copies the population where that is smaller than a set of what was chosen.
        var copied = 21
        if count > 5 {
            var power = 1
            while power < 3 * count { power *= 4 }
            copied += power
        }
        if total <= copied {
            var pool = Array(0..<total)
            return (0..<count).map { place in
                let chosen = pythonIndex(below: total - place)
                defer { pool[chosen] = pool[total - place - 1] }
                return pool[chosen]
            }
        }
        var taken: Set<Int> = []
        return (0..<count).map { _ in
            while true {
                let chosen = pythonIndex(below: total)
                if taken.insert(chosen).inserted { return chosen }
            }
        }
    }
}
