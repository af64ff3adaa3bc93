// Files for other programs in report.json, report.html and the model card.

import Testing

@testable import Report

@Suite struct ExportReportTests {
    private static func report() -> RunReport {
        var report = ReportFixtures.tiny()
        let digest = String(repeating: "0f", count: 32)
        report.results[0].exports = [
            RunReport.Export(
                format: "gguf", type: "q8_0", path: "mka-r0.34-q8_0.gguf", bytes: 3_000_000,
                sha256: digest, seconds: 1.5,
                caveats: ["llama.cpp has no attention windows in this family"])
        ]
        report.exports = [
            RunReport.Export(
                format: "gguf", type: "bf16", path: "original-bf16.gguf", bytes: 4_000_000,
                sha256: digest)
        ]
        return report
    }

    @Test func `a report keeps them, as the schema says`() throws {
        let report = Self.report()
        let text = try report.jsonText()
        var found = try #require(try RunReport(jsonText: text).results[0].exports)
        #expect(found[0].caveats == [])
        found[0].caveats = report.results[0].exports?[0].caveats ?? []
        #expect(found == report.results[0].exports)
        #expect(try RunReport(jsonText: text).exports == report.exports)
        try ReportSchemaTests().expectDescribed(try ReportFixtures.value(of: text))
    }

    @Test func `a page of several jobs finds them where they lie`() throws {
        let whole = try ReportComparison.merge([
            .init(Self.report(), folder: "a"), .init(Self.report(), folder: "b"),
        ])
        #expect(whole.exports?.map(\.path) == ["a/original-bf16.gguf"])
        #expect(
            whole.results.compactMap { $0.exports?.first?.path }
                == ["a/mka-r0.34-q8_0.gguf", "b/mka-r0.34-q8_0.gguf"])
    }

    @Test func `a report without them does not name them`() throws {
        #expect(!(try ReportFixtures.tiny().jsonText()).contains("exports"))
    }

    @Test func `the page links them and loads the first`() {
        let page = HTMLReport.render(Self.report())
        #expect(page.contains("href=\"./mka-r0.34-q8_0.gguf\""))
        #expect(page.contains("href=\"./original-bf16.gguf\""))
        #expect(page.contains("llama-cli -m ./mka-r0.34-q8_0.gguf -p"))
        #expect(!page.contains("convert_hf_to_gguf"))
        #expect(HTMLReport.render(ReportFixtures.tiny()).contains("convert_hf_to_gguf"))
    }

    @Test func `the card says how llama.cpp loads the file, and what it gets wrong`() {
        let report = Self.report()
        let card = ModelCard.render(report, report.results[0])
        #expect(card.contains("llama-cli -m ../mka-r0.34-q8_0.gguf -p \"The sea was\""))
        #expect(card.contains(String(repeating: "0f", count: 32)))
        #expect(card.contains("- llama.cpp has no attention windows in this family."))
    }
}
