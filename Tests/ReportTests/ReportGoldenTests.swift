// Everything rendered from a tiny report, byte for byte against committed files. The goldens hold
// what we meant to write; they do not prove that it looks right (see SamplePagesTests).

import Testing

@testable import Report

@Suite struct ReportGoldenTests {
    @Test func `a tiny report renders to the committed bytes`() throws {
        let report = ReportFixtures.tiny()
        try ReportFixtures.expectGolden(try report.jsonText(), "tiny.json")
        try ReportFixtures.expectGolden(HTMLReport.render(report), "tiny.html")
        try ReportFixtures.expectGolden(ReportCSV.render(report), "tiny.csv")
        try ReportFixtures.expectGolden(ComparisonTable(report).csv(), "tiny-comparison.csv")
        try ReportFixtures.expectGolden(
            ModelCard.render(report, report.results[0]), "tiny-README.md")
    }

    @Test func `the same report gives the same bytes`() throws {
        for (_, report) in SamplePagesTests.samples() where report.results.count < 10 {
            #expect(HTMLReport.render(report) == HTMLReport.render(report))
            #expect(try report.jsonText() == report.jsonText())
            // A report read back renders to the same page: `layerfold report` can make it again.
            let again = try RunReport(jsonText: report.jsonText())
            #expect(HTMLReport.render(again) == HTMLReport.render(report))
        }
    }
}
