// What was planned beside what happened.

import Jobs
import Pages
import Testing

@Suite struct StageTableTests {
    private func plan(_ names: [String]) -> [PlannedStage] {
        names.enumerated().map { index, name in
            PlannedStage(
                name: name, detail: "", isCached: false, seconds: Double(index + 1),
                peakBytes: nil)
        }
    }

    private func finished(_ name: String, _ cache: ProgressLine.CacheUse = .miss) -> ProgressLine {
        .stageFinished(stage: name, cache: cache, seconds: 9, peakBytes: 1)
    }

    @Test func `stages of one name are joined in their order`() {
        let history: [ProgressLine] = [
            .stageStarted(stage: "merge"), finished("merge"), .stageStarted(stage: "evaluate"),
            finished("evaluate", .hit), .stageStarted(stage: "merge"),
        ]
        let table = StageTable(
            plan: plan(["merge", "evaluate", "merge", "evaluate"]), history: history, isOver: false)
        #expect(table.rows.map(\.name) == ["merge", "evaluate", "merge", "evaluate"])
        #expect(table.rows.map { $0.plan?.seconds } == [1, 2, 3, 4])
        #expect(
            table.rows.map(\.outcome) == [
                .finished(.miss, seconds: 9, peakBytes: 1),
                .finished(.hit, seconds: 9, peakBytes: 1), .running, .ahead,
            ])
    }

    @Test func `what nobody planned is shown, and what did not run when it is over`() {
        let history: [ProgressLine] = [
            .warning(message: "x"), finished("digest"), .stageStarted(stage: "guard"),
        ]
        let table = StageTable(plan: plan(["merge"]), history: history, isOver: true)
        #expect(table.rows.map(\.name) == ["digest", "guard", "merge"])
        #expect(table.rows.map { $0.plan == nil } == [true, true, false])
        #expect(
            table.rows.map(\.outcome) == [
                .finished(.miss, seconds: 9, peakBytes: 1), .never, .never,
            ])
        #expect(StageTable(plan: nil, history: [], isOver: false).rows.isEmpty)
    }
}
