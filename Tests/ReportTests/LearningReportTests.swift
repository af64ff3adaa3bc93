// The trace of learned weights in report.json and report.html.

import Testing

@testable import Report

@Suite struct LearningReportTests {
    private static func report() throws -> RunReport {
        var report = ReportFixtures.tiny()
        report.results[0].learning = RunReport.Learning(
            by: "gradient", objective: "kl", per: "tensor", chosen: 10,
            steps: [
                RunReport.LearningStep(step: 0, loss: 2.5, calibration: 2.25, heldBack: 2.75),
                RunReport.LearningStep(step: 5, loss: 2.125, calibration: nil, heldBack: nil),
                RunReport.LearningStep(step: 10, loss: 2, calibration: 1.875, heldBack: 2.0625),
            ])
        return report
    }

    @Test("a report keeps the trace, as the schema says")
    func schema() throws {
        let report = try Self.report()
        let text = try report.jsonText()
        #expect(text.contains("\"held_back\": 2.0625"))
        #expect(try RunReport(jsonText: text).results[0].learning == report.results[0].learning)
        try ReportSchemaTests().expectDescribed(try ReportFixtures.value(of: text))
    }

    @Test("the page shows calibration and held-back figures and the step that was kept")
    func page() throws {
        let page = HTMLReport.render(try Self.report())
        #expect(page.contains("Weights learned by gradient descent"))
        #expect(page.contains("10 (kept)") && page.contains("1.8750") && page.contains("2.0625"))
        #expect(!page.contains("2.1250"))
        #expect(!HTMLReport.render(ReportFixtures.tiny()).contains("Weights learned by"))
    }
}
