// Reports side by side.

import JSON
import Testing

@testable import Report

@Suite struct ReportComparisonTests {
    private func source(_ name: String, _ folder: String) -> ReportComparison.Source {
        var report = ReportFixtures.tiny()
        report.job = Self.job(name, asking: "a")
        return .init(report, folder: folder)
    }

    private static func job(_ name: String, asking data: String) -> JSONValue {
        let entry = JSONObject([("task", .string("perplexity")), ("dataset", .string(data))])
        return .object(
            JSONObject([("name", .string(name)), ("evaluate", .array([.object(entry)]))]))
    }

    @Test func allModelsStandOnOnePage() throws {
        let whole = try ReportComparison.merge([source("one", "r/one-1"), source("two", "r/two-1")])
        let single = ReportFixtures.tiny()
        #expect(whole.results.count == 2 * single.results.count)
        #expect(Set(whole.results.map(\.id)).count == whole.results.count)
        #expect(whole.results.allSatisfy { $0.path.hasPrefix("r/") })
        // Asked alike: the same columns.
        #expect(ComparisonTable(whole).metrics == ComparisonTable(single).metrics)
        let html = HTMLReport.render(whole)
        #expect(html.contains("one: ") && html.contains("two: "))
        #expect(html.contains("href=\"./r/two-1/"))
    }

    @Test func otherQuestionsAreOtherColumns() throws {
        var other = ReportFixtures.tiny()
        other.job = Self.job("two", asking: "b")
        let whole = try ReportComparison.merge([
            source("one", "a"), ReportComparison.Source(other, folder: "b"),
        ])
        let single = ComparisonTable(ReportFixtures.tiny()).metrics.count
        #expect(ComparisonTable(whole).metrics.count == 2 * single)
    }

    @Test func equalNamesAreTold() throws {
        let whole = try ReportComparison.merge([source("one", "a"), source("one", "b")])
        #expect(whole.results.contains { $0.label?.hasPrefix("one 2: ") ?? false })
    }

    @Test func otherOriginalsAndSingleReportsAreRefused() throws {
        #expect(throws: ReportComparisonError.tooFew) {
            try ReportComparison.merge([source("one", "a")])
        }
        #expect(throws: ReportComparisonError.twice(report: "two")) {
            try ReportComparison.merge([source("one", "a"), source("two", "a")])
        }
        var other = ReportFixtures.tiny()
        other.model.digest = String(repeating: "0", count: 64)
        #expect(throws: ReportComparisonError.self) {
            try ReportComparison.merge([
                source("one", "a"), ReportComparison.Source(other, folder: "b"),
            ])
        }
    }
}
