// Models in fewer bits in report.json, page, table and card.

import Testing

@testable import Report

@Suite struct QuantizedReportTests {
    private static func report() -> RunReport {
        var report = ReportFixtures.tiny()
        let result = report.results[0]
        report.quantized = [
            RunReport.Quantized(
                id: "original-fp8", of: "original", method: "fp8", scheme: "FP8",
                format: "float-quantized", bits: 8, path: "original-fp8",
                layers: report.model.layers, parameters: 1000, bytes: 1100,
                compressionRatio: 0.5, evaluations: result.evaluations),
            RunReport.Quantized(
                id: "\(result.id)-rtn-w4", of: result.id, method: "rtn", label: "small",
                scheme: "W4A16", format: "pack-quantized", bits: 4, group: 64,
                path: "\(result.id)-rtn-w4", layers: result.layers, parameters: 800, bytes: 500,
                compressionRatio: RunReport.Quantized.compressionRatio(
                    layers: 3, left: 2, bitsBefore: 16, bits: 4),
                evaluations: result.evaluations),
        ]
        return report
    }

    @Test("a report keeps them, as the schema says, and says nothing where there are none")
    func schema() throws {
        let text = try Self.report().jsonText()
        #expect(try RunReport(jsonText: text).quantized == Self.report().quantized)
        try ReportSchemaTests().expectDescribed(try ReportFixtures.value(of: text))
        #expect(!(try ReportFixtures.tiny().jsonText().contains("quantized")))
    }

    @Test("the ratio is the paper's: layers and bits together")
    func ratio() {
        #expect(Self.report().quantized?[1].compressionRatio == 1 - 2.0 / 3 / 4)
    }

    @Test("where MLPs are narrower, what layers have left takes the place of their number")
    func narrowed() throws {
        #expect(
            RunReport.Quantized.compressionRatio(
                layers: 3, left: 2, share: 0.5, bitsBefore: 16, bits: 4) == 1 - 0.5 / 4)
        var report = Self.report()
        func ratio() throws -> Double {
            let id = report.results[0].id
            return try #require(QuantizedTable(report).rows.first { $0.id == id }).compressionRatio
        }
        let byNumber = try ratio()
        report.results[0].mlpWidth = RunReport.Narrowing(neurons: 128, original: 256)
        #expect(try ratio() == byNumber)
        report.results[0].mlpWidth?.layersShare = 0.25
        #expect(try ratio() == 0.75)
    }

    @Test("the table has every model below what it was made of")
    func table() {
        let report = Self.report()
        let ids = QuantizedTable(report).rows.map(\.id)
        let first = report.results[0].id
        #expect(Array(ids.prefix(4)) == ["original", "original-fp8", first, "\(first)-rtn-w4"])
        let csv = QuantizedTable(report).csv()
        #expect(csv.contains("small,W4A16,64,"))
        #expect(csv.split(whereSeparator: \.isNewline).count == ids.count + 1)
    }

    @Test("page and card say in which numbers, and how to load them")
    func words() {
        let report = Self.report()
        let page = HTMLReport.render(report)
        #expect(page.contains("In fewer bits") && page.contains("W4A16, groups of 64"))
        #expect(!HTMLReport.render(ReportFixtures.tiny()).contains("In fewer bits"))
        for model in report.quantized ?? [] {
            let card = QuantizedCard.render(report, model)
            #expect(card.contains(model.format) && card.contains("compressed-tensors"))
            #expect(card.contains("vllm serve ./."))
        }
    }

    @Test(
        "a card says of norms that they stayed only where they did",
        arguments: [
            ("rtn", true, false), ("fp8", true, false), ("gptq", true, false),
            ("smoothquant", false, false), ("awq", false, true), ("of another build", false, false),
        ])
    func norms(method: String, stay: Bool, projections: Bool) throws {
        let report = Self.report()
        var model = try #require(report.quantized?.first)
        model.method = method
        let card = QuantizedCard.render(report, model)
        #expect(card.contains("norms are as they were") == stay)
        #expect(card.contains("divided by scales") == ["awq", "smoothquant"].contains(method))
        #expect(card.contains("`v_proj` and `up_proj`") == projections)
        #expect(card.contains("mbedding") && card.contains("output head"))
    }
}
