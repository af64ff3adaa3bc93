// When jobs that wait are expected to start: only what is known, and never too early.

import Daemon
import Testing

@Suite struct ExpectedStartTests {
    private func starts(
        _ running: [Double?], _ waiting: [Double?], slots: Int
    ) -> [Double?] {
        let jobs = waiting.enumerated().map {
            ExpectedStarts.Waiting(id: "\($0)", seconds: $1)
        }
        let found = ExpectedStarts.seconds(running: running, waiting: jobs, slots: slots)
        return waiting.indices.map { found["\($0)"] }
    }

    @Test func `one behind another, as far as plans are known`() {
        #expect(starts([100], [10, 20, nil, 5], slots: 1) == [100, 110, 130, nil])
        #expect(starts([], [10, 20], slots: 1) == [0, 10])
        #expect(starts([-3], [1], slots: 1) == [0])
        #expect(starts([nil], [10, 20], slots: 1) == [nil, nil])
        #expect(starts([], [], slots: 1).isEmpty)
    }

    @Test func `several at once take the place that is free first`() {
        #expect(starts([100, 30], [50, 10, 10], slots: 2) == [30, 80, 90])
        // A place of unknown end counts as never free; the other one serves all.
        #expect(starts([nil, 30], [50, 10], slots: 2) == [30, 80])
        // What has no plan blocks its place, and nobody behind it is told too early a time.
        #expect(starts([5], [nil, 7, 9], slots: 2) == [0, 5, 12])
        #expect(starts([5, 5], [nil, nil, 1], slots: 2) == [5, 5, nil])
    }
}
