// Correlations of sets and measures in report.json, report.html and correlations.csv.

import Foundation
import JSON
import Testing

@testable import Report

@Suite struct CorrelationReportTests {
    private static func agreement(_ value: Double) -> RunReport.Agreement {
        RunReport.Agreement(
            pearson: value, spearman: value / 2, pearsonOffDiagonal: value / 4,
            spearmanOffDiagonal: .nan)
    }

    private static func halves(mean: Double, spread: Double) -> RunReport.Halves {
        RunReport.Halves(splits: 2, mean: agreement(mean), spread: agreement(spread))
    }

    private static func report() -> RunReport {
        var report = ReportFixtures.tiny()
        var map = report.similarity[0]
        for name in ["law", "french<1>"] {
            map.set = name
            map.samples = 40
            report.similarity.append(map)
        }
        let own = halves(mean: 0.625, spread: 0.125 * 2.0.squareRoot())
        report.correlations = [
            .init(between: .halves, measure: "npib", first: "law", second: "law", halves: own),
            .init(
                between: .sets, measure: "npib", first: "law", second: "french<1>",
                whole: agreement(0.84), halves: halves(mean: 0.1, spread: 0)),
            .init(
                between: .halves, measure: "npib", first: "french<1>", second: "french<1>",
                halves: own),
            .init(between: .measures, first: "npib", second: "cka", whole: agreement(-1)),
        ]
        return report
    }

    @Test func `a report keeps correlations, as the schema says`() throws {
        let text = try Self.report().jsonText()
        let again = try RunReport(jsonText: text)
        // NaN differs from itself: the texts are compared.
        #expect(try again.jsonText() == text)
        #expect(again.correlations?.count == 4)
        #expect(again.correlations?[0].halves?.mean.pearson == 0.625)
        try ReportSchemaTests().expectDescribed(try ReportFixtures.value(of: text))
        #expect(try ReportFixtures.tiny().jsonText().contains("\"correlations\": null"))
    }

    @Test func `the page shows sets, halves and measures`() {
        let page = HTMLReport.render(Self.report())
        #expect(page.contains("Whether sets and measures agree"))
        #expect(page.contains("law, 40 samples") && page.contains("french&lt;1&gt;, 40 samples"))
        // The pair, without the diagonal; its halves; a set's own halves.
        #expect(page.contains(">0.210<") && page.contains(">0.025<"))
        #expect(page.contains("<strong>0.156</strong>") && page.contains("± 0.044"))
        #expect(page.contains("drawn 2 times"))
        #expect(!HTMLReport.render(ReportFixtures.tiny()).contains("Whether sets"))
    }

    @Test func `sets that were asked for are listed one by one`() {
        var report = Self.report()
        report.job = ["compare": ["sets": [["name": "law"], ["name": "french"]], "splits": 2]]
        let page = HTMLReport.render(report)
        #expect(page.contains("<li><span class=\"pair\"><span class=\"key\">name</span> "))
        #expect(!page.contains("{&quot;name"))
    }

    @Test func `a report of too many correlations is refused, one of many drawn in part`() throws {
        var report = Self.report()
        let halves = try #require(report.correlations?[0])
        report.correlations = Array(repeating: halves, count: 2000)
        let page = HTMLReport.render(try RunReport(jsonText: report.jsonText()))
        #expect(page.components(separatedBy: "<strong>0.156</strong>").count == 1 + 16 * 16)
        report.correlations?.append(halves)
        let error = #expect(throws: ReportError.self) {
            try RunReport(jsonText: report.jsonText())
        }
        #expect(error?.description.contains("correlations: entries") == true)
    }

    @Test func `the table has a row per pair`() {
        let lines = CorrelationCSV.render(Self.report().correlations ?? [])
            .split(separator: "\r\n")
        #expect(lines.count == 5)
        #expect(lines[0].hasPrefix("between,measure,first,second,pearson,"))
        #expect(lines[1].hasPrefix("halves,npib,law,law,,,,,2,0.625,0.3125,0.15625,,"))
        #expect(lines[4] == "measures,,npib,cka,-1,-0.5,-0.25,,,,,,,,,,")
    }
}
