// What a result is beside its rivals, and a last pass, in report.json and on the page.

import Foundation
import Testing

@testable import Report

@Suite struct DivergenceReportTests {
    private static func report() -> RunReport {
        var report = ReportFixtures.tiny()
        report.results[0].rivals = [
            RunReport.Rival(name: "fold", heldBack: 0.25, fitted: 0.1875),
            RunReport.Rival(name: "drop", heldBack: 1.5),
        ]
        report.results[0].healing = RunReport.Healing(
            chosen: 48,
            looks: [
                RunReport.HealingLook(step: 0, heldBack: 0.5),
                RunReport.HealingLook(step: 48, heldBack: 0.375, fitted: 0.0625),
            ])
        return report
    }

    @Test("report.json keeps both, as the schema says, and has neither where nothing was asked")
    func schema() throws {
        let text = try Self.report().jsonText()
        #expect(try RunReport(jsonText: text).results[0].rivals == Self.report().results[0].rivals)
        #expect(
            try RunReport(jsonText: text).results[0].healing == Self.report().results[0].healing)
        try ReportSchemaTests().expectDescribed(try ReportFixtures.value(of: text))
        let plain = try ReportFixtures.tiny().jsonText()
        #expect(!plain.contains("rivals") && !plain.contains("healing"))
    }

    @Test("the card says what was trained", arguments: [(0, nil), (1, "one"), (1200, "1,200")])
    func card(chosen: Int, steps: String?) {
        var report = Self.report()
        report.results[0].healing?.chosen = chosen
        let card = ModelCard.render(report, report.results[0])
        #expect(card.contains("It was not trained further.") == (steps == nil))
        #expect(card.contains("its layers were trained for ") == (steps != nil))
        if let steps { #expect(card.contains(" trained for \(steps) step")) }
    }

    @Test("the page has what was fitted and what was held back side by side")
    func page() {
        let page = HTMLReport.render(Self.report())
        func cells(_ row: String) -> [Substring] {
            guard let table = page.range(of: "<caption>Looks at the last pass")?.upperBound,
                let start = page[table...].range(of: row)?.upperBound,
                let line = page[start...].split(separator: "\n").first
            else { return [] }
            return line.matches(of: /<td[^>]*>([^<]+)<\/td>/).map { $0.1 }
        }
        #expect(cells("<th scope=\"row\">48 (kept)</th>") == ["0.0625", "0.3750"])
        #expect(cells("<th scope=\"row\">0</th>") == ["–", "0.5000"])
        #expect(page.contains("Beside what else could be done at this size"))
        #expect(page.contains("0.1875") && page.contains("1.5000"))
        let plain = HTMLReport.render(ReportFixtures.tiny())
        #expect(!plain.contains("last pass") && !plain.contains("rivals"))
    }
}
