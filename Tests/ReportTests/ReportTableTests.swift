// CSV, comparison tables and model cards.

import Testing

@testable import Report

@Suite struct ReportTableTests {
    private let report = SampleReport.make(
        layers: 16, ratios: [0.25, 0.125], methods: ["mka", "reverse"], hasTasks: true)

    @Test func `the comparison puts the largest models first and keeps methods in order`() throws {
        let table = ComparisonTable(report)
        #expect(
            table.rows.map(\.result.id) == [
                "mka-r0.125", "reverse-r0.125", "mka-r0.25", "reverse-r0.25",
            ])
        #expect(
            table.metrics.map(\.title) == [
                "perplexity", "mmlu accuracy", "hellaswag accuracy", "piqa accuracy",
            ])
        #expect(table.leading == 0)
        #expect(table.originals.map { $0?.value } == [51.69, 0.64, 0.7, 0.76])
        #expect(table.groups.map { $0.map(\.result.layers) } == [[14, 14], [12, 12]])
        let best = try #require(table.best(of: table.groups[0], column: 0))
        #expect(best.result.method == "mka")
    }

    @Test("narrower MLPs stand apart from others of as many layers, and behind them")
    func narrower() throws {
        var report = report
        report.results[0].mlpWidth = RunReport.Narrowing(neurons: 1152, original: 1536)
        report.results[1].mlpWidth = RunReport.Narrowing(neurons: 1408, original: 1536)
        report.results[2].mlpWidth = RunReport.Narrowing(neurons: 1408, original: 1536)
        let table = ComparisonTable(report)
        #expect(
            table.groups.map { $0.map(\.result.id) }
                == [["reverse-r0.125"], ["mka-r0.125"], ["reverse-r0.25"], ["mka-r0.25"]])
        let page = HTMLReport.render(report)
        #expect(page.contains("16 → 14 layers</span>"))
        #expect(page.contains("16 → 12 layers, MLPs of 1,152 of 1,536 neurons</span>"))
        #expect(page.contains("16\u{A0}→\u{A0}14 and 12 layers"))
        #expect(!page.contains("best of 2"))
        let plain = HTMLReport.render(self.report)
        #expect(plain.contains("best of 2") && !plain.contains("as wide MLPs"))
    }

    @Test func `the best is the lowest perplexity and the highest accuracy, never NaN`() {
        var report = report
        report.results[0].evaluations[0].value = .nan
        report.results[1].evaluations[1].value = 0.99
        let table = ComparisonTable(report)
        let group = table.groups[1]
        #expect(table.best(of: group, column: 0)?.result.method == "reverse")
        #expect(table.best(of: group, column: 1)?.result.method == "reverse")
        #expect(table.best(of: group, column: 2)?.result.method == "mka")
    }

    @Test func `a cell that a spreadsheet would compute is a text, a number stays one`() {
        let cells = [
            "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\r=1", "-", "\u{FF1D}1",
        ]
        for cell in cells {
            let line = CSVText.text(header: ["a"], rows: [[cell]]).dropFirst("a\r\n".count)
            #expect(line.hasPrefix("'") || line.hasPrefix("\"'"), "\(cell)")
        }
        for number in ["-0.5", "+1", "-1e-9", "3", "a=b", "", "x-y"] {
            let text = CSVText.text(header: ["a"], rows: [[number]])
            #expect(text == "a\r\n\(number)\r\n")
        }
    }

    @Test func `report.csv has a row per figure and subject`() {
        let lines = ReportCSV.render(report).split(separator: "\r\n")
        // 4 results with 4 figures each, and 4 subjects for one figure of each.
        #expect(lines.count == 1 + 4 * (4 + 4))
        #expect(
            lines[0].hasPrefix(
                "id,method,ratio,ratio_achieved,layers,parameters,bytes,mlp_neurons,task,"))
        #expect(lines[1].hasPrefix("mka-r0.25,mka,0.25,0.25,12,"))
        #expect(lines.allSatisfy { $0.count(where: { $0 == "," }) == 15 })
    }

    @Test func `the tables tell models of as many layers by the width of their MLPs`() throws {
        var report = report
        report.results[0].mlpWidth = RunReport.Narrowing(neurons: 1152, original: 1536)
        report.results[1].mlpWidth = RunReport.Narrowing(neurons: 1408, original: 1536)
        for text in [ReportCSV.render(report), ComparisonTable(report).csv()] {
            let lines = text.split(separator: "\r\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
            let column = try #require(lines[0].firstIndex(of: "mlp_neurons"))
            var widths: [Substring: Substring] = [:]
            for line in lines.dropFirst() { widths[line[0]] = line[column] }
            #expect(
                widths == [
                    "mka-r0.25": "1152", "reverse-r0.25": "1408", "mka-r0.125": "",
                    "reverse-r0.125": "",
                ])
        }
    }

    @Test func `fields with commas, quotes and line ends are quoted`() {
        var report = ReportFixtures.tiny()
        report.results[0].method = "a,\"b\"\r\nc"
        report.results[0].evaluations = []
        #expect(
            ReportCSV.render(report).hasSuffix(
                "\r\nmka-r0.34,\"a,\"\"b\"\"\r\nc\",0.34,0.3333333333333333,2,700,1400,"
                    + ",,,,,,,,\r\n"))
    }

    @Test func `a missing figure is an empty cell`() {
        var report = report
        report.results[1].evaluations.removeLast(3)
        let rows = ComparisonTable(report).csv().split(separator: "\r\n")
        #expect(rows.count == 5)
        #expect(rows[4].hasSuffix(",,,,,,,,,"))
    }

    @Test func `the model card says what was dropped and what was merged`() {
        let merged = ModelCard.render(report, report.results[0])
        #expect(merged.contains("8 layers (7–14) were merged into 4 layers."))
        #expect(merged.contains("| 7 | 0.5 × layer 7 + 0.5 × layer 8 |"))
        let dropped = ModelCard.render(report, report.results[1])
        #expect(dropped.contains("Nothing was merged: layers 12–15 were left out"))
        #expect(dropped.contains("Layers were left out, not merged"))
        #expect(dropped.contains("this model is much worse"))
    }

    @Test func `the model card of a fold says which layer took in which`() {
        var report = report
        report.results[1].method = "fold"
        let card = ModelCard.render(report, report.results[1])
        #expect(card.contains("Layers 12–15 were folded into others (11 took in 12–15), of which"))
        #expect(!card.contains("Layers were left out, not merged"))
        report.results[1].method = "replaceme"
        let replaced = ModelCard.render(report, report.results[1])
        #expect(replaced.contains("Layers 12–15 were left out; weights of the others were"))
    }

    @Test func `the same job gives the same card at another time`() {
        var later = report
        later.started = "2030-01-01T00:00:00Z"
        later.finished = "2030-01-01T00:00:01Z"
        later.results[0].seconds = 99
        for index in later.stages.indices { later.stages[index].seconds = 5 }
        #expect(
            ModelCard.render(later, later.results[0])
                == ModelCard.render(report, report.results[0]))
    }

    @Test func `hostile names make no front matter, heading or table row`() {
        let plain = ModelCard.render(report, report.results[0]).split(
            separator: "\n", omittingEmptySubsequences: false)
        for name in HostileText.strings {
            var report = report
            report.model.name = name
            report.results[0].method = name
            report.model.architecture = name
            report.versions.layerfold = name
            let card = ModelCard.render(report, report.results[0])
            let lines = card.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count == plain.count, "\(name.shortened(to: 40))")
            #expect(lines.filter { $0 == "---" }.count == 2)
            #expect(lines.filter { $0.hasPrefix("#") }.count == 7)
            // Code spans and the quoted front matter show markup, they are none.
            let text = lines.drop { $0 != "" }.joined(separator: "\n")
                .replacing(#/`[^`\n]*`/#, with: "").replacing(#/\\[<>]/#, with: "")
            #expect(!text.contains("<") && !text.contains(">"), "\(name.shortened(to: 40))")
        }
    }
}
