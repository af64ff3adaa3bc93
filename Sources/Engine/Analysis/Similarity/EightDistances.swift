// Eight distances at a time: what the neighbour searches share.

/// Written so that each is a few machine instructions; `max` with its NaN rules, or a lane chosen
/// at run time, is many.
extension SIMD8<Double> {
    @inline(__always) func larger(_ other: Self) -> Self {
        replacing(with: other, where: self .< other)
    }

    @inline(__always) var smallest: Double {
        let four = lowHalf.replacing(with: highHalf, where: highHalf .< lowHalf)
        let two = four.lowHalf.replacing(
            with: four.highHalf, where: four.highHalf .< four.lowHalf)
        return two[1] < two[0] ? two[1] : two[0]
    }

    @inline(__always) func firstLane(of value: Double) -> Int {
        if self[0] == value { return 0 }
        if self[1] == value { return 1 }
        if self[2] == value { return 2 }
        if self[3] == value { return 3 }
        if self[4] == value { return 4 }
        if self[5] == value { return 5 }
        return self[6] == value ? 6 : 7
    }

    /// Moves a lane out of reach.
    @inline(__always) mutating func retire(_ lane: Int) {
        let numbers = Self(0, 1, 2, 3, 4, 5, 6, 7)
        replace(with: .infinity, where: numbers .== Double(lane))
    }

    @inline(__always) func forEach(_ body: (Double) -> Void) {
        body(self[0])
        body(self[1])
        body(self[2])
        body(self[3])
        body(self[4])
        body(self[5])
        body(self[6])
        body(self[7])
    }

    /// Inserts every lane that is nearer than the last of `nearest`, which is ascending.
    @inline(__always) func insert(into nearest: inout MutableSpan<Double>) {
        let last = nearest.count - 1
        guard smallest < nearest[last] else { return }
        forEach { distance in
            guard distance < nearest[last] else { return }
            var slot = last
            while slot > 0, nearest[slot - 1] > distance {
                nearest[slot] = nearest[slot - 1]
                slot -= 1
            }
            nearest[slot] = distance
        }
    }
}
