// Sums that do not end a program.

import Jobs
import Testing

@Suite struct ClampedSumTests {
    @Test func `a sum beyond what an Int holds is the nearest one`() {
        #expect(2.addingClamped(3) == 5)
        #expect(Int.max.addingClamped(0) == .max)
        #expect(Int.max.addingClamped(1) == .max)
        #expect(1.addingClamped(.max) == .max)
        #expect(Int.max.addingClamped(.max) == .max)
        #expect(Int.max.addingClamped(.min) == -1)
        #expect(Int.min.addingClamped(-1) == .min)
        #expect((-1).addingClamped(.min) == .min)
    }
}
