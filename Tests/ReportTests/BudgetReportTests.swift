// A budget in report.json, model card and page.

import Testing

@testable import Report

@Suite struct BudgetReportTests {
    private static func report() -> RunReport {
        var report = ReportFixtures.tiny()
        report.results[0].budget = "size 6G"
        return report
    }

    @Test("a report keeps the budget, as the schema says, and has none where a ratio was asked")
    func schema() throws {
        let text = try Self.report().jsonText()
        #expect(text.contains("\"budget\": \"size 6G\""))
        #expect(try RunReport(jsonText: text).results[0].budget == "size 6G")
        try ReportSchemaTests().expectDescribed(try ReportFixtures.value(of: text))
        #expect(!(try ReportFixtures.tiny().jsonText().contains("budget")))
    }

    @Test("narrower MLPs stand beside the layers, and nowhere where all are as wide as before")
    func narrowing() throws {
        var report = Self.report()
        report.results[0].mlpWidth = RunReport.Narrowing(
            neurons: 1408, original: 1536, layersShare: 0.6)
        report.results[0].mixes = [
            RunReport.Mix(layers: 2, neurons: 1408, layersCost: 0.5, narrowingCost: 0.25)
        ]
        let text = try report.jsonText()
        #expect(try RunReport(jsonText: text).results[0] == report.results[0])
        #expect(try RunReport(jsonText: text).results[0].mlpWidth?.neurons == 1408)
        // Reports that are older do not say what share that leaves.
        report.results[0].mlpWidth?.layersShare = nil
        #expect(try RunReport(jsonText: try report.jsonText()).results[0] == report.results[0])
        try ReportSchemaTests().expectDescribed(try ReportFixtures.value(of: text))
        for key in ["mlp_width", "mixes"] {
            #expect(!(try Self.report().jsonText().contains(key)))
        }
        let words = "MLPs of 1,408 of 1,536 neurons"
        let card = ModelCard.render(report, report.results[0])
        #expect(card.contains("layers, \(words)\n") && card.contains("removed, \(words)\n"))
        #expect(HTMLReport.render(report).contains(", \(words), asked size 6G"))
        #expect(!HTMLReport.render(Self.report()).contains("MLPs of"))
    }

    @Test("card and page say the budget where they would say the ratio")
    func words() throws {
        let report = Self.report()
        let card = ModelCard.render(report, report.results[0])
        #expect(card.contains("- Ratio: size 6G asked, 33.33% of the layers removed"), "\(card)")
        let page = HTMLReport.render(report)
        #expect(page.contains("asked size 6G"))
        #expect(!HTMLReport.render(ReportFixtures.tiny()).contains("asked size"))
    }
}
