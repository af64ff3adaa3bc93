// Heat maps, charts and fold diagrams: what is drawn is what the numbers say.

import Foundation
import FoundationXML
import Testing

@testable import Report

@Suite struct ReportDrawingTests {
    /// Relative luminance by WCAG 2.1 of `#rrggbb`.
    static func luminance(_ color: Substring) -> Double {
        let channels = [1, 3, 5].map { start -> Double in
            let digits = color.dropFirst(start).prefix(2)
            let value = Double(Int(digits, radix: 16) ?? 0) / 255
            return value <= 0.040_45 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }

    @Test func `colours grow lighter with the value, and cover the range`() throws {
        let colors = (0...255).map { HeatPalette.color(Double($0) / 255, in: 0...1) }
        let luminances = colors.map { Self.luminance($0[...]) }
        for (darker, lighter) in zip(luminances, luminances.dropFirst()) {
            #expect(darker <= lighter)
        }
        #expect(Set(colors).count == HeatPalette.count)
        // Dark and light ends differ by more than black text on white needs.
        #expect((luminances[255] + 0.05) / (luminances[0] + 0.05) > 10)
        #expect(HeatPalette.color(-5, in: 0...1) == colors[0])
        #expect(HeatPalette.color(.infinity, in: 0...1) == colors[255])
        #expect(HeatPalette.color(1, in: 1...1) == HeatPalette.color(0.5, in: 0...1))
        _ = HeatPalette.color(0, in: -1.7e308...1.7e308)
    }

    @Test(arguments: [1, 2, 16, 80])
    func `a heat map has a cell per pair, lighter where more alike`(layers: Int) throws {
        let similarity = RunReport.Similarity(
            measure: "npib", layers: (0..<layers).map(String.init),
            matrix: SampleReport.matrix(layers, measure: "npib"))
        let range = HeatMapSVG.range(of: [similarity]) ?? 0...0
        let map = HeatMapSVG(similarity: similarity, range: range, cell: 10)
        let svg = map.render(label: "map").text
        #expect(svg.matches(of: #/<path [^>]*h1v1h-1z/#).count == layers * layers)
        #expect(svg.matches(of: #/<path class="self"/#).count == layers)
        let cells = svg.matches(
            of: #/<path fill="(#[0-9a-f]{6})" d="M(\d+) (\d+)h1v1h-1z">/#
        ).map { (Self.luminance($0.1), similarity.matrix[Int($0.3) ?? 0][Int($0.2) ?? 0]) }
        #expect(cells.count == layers * (layers - 1))
        let sorted = cells.sorted { $0.1 < $1.1 }
        for (darker, lighter) in zip(sorted, sorted.dropFirst()) {
            #expect(darker.0 <= lighter.0 + 1e-12)
        }
        if layers > 1 { #expect(svg.contains("<title>layers 1 and 0: ")) }
    }

    @Test func `the diagonal takes no part in the range, nor does NaN`() {
        let similarity = RunReport.Similarity(
            measure: "m", layers: [], matrix: [[100, 0.25], [.nan, 100]])
        #expect(HeatMapSVG.range(of: [similarity]) == 0.25...0.25)
        let svg = HeatMapSVG(similarity: similarity, range: 0.25...0.25, cell: 20)
            .render(label: "map").text
        #expect(svg.contains("<path class=\"none\""))
        #expect(svg.contains("layers 1 and 0: not a number"))
        let empty = RunReport.Similarity(measure: "m", layers: [], matrix: [])
        #expect(HeatMapSVG.range(of: [empty]) == nil)
    }

    @Test func `an axis holds its values between round ends`() {
        var state: UInt64 = 7
        for _ in 0..<2000 {
            let values = (0..<4).map { _ -> Double in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let unit = Double(state >> 11) * 0x1p-53
                return (unit - 0.3) * pow(10, Double(state >> 60) - 8)
            }
            let scale = AxisScale(holding: values, allowsLogarithm: true)
            for value in values {
                #expect((-1e-9...1 + 1e-9).contains(scale.share(value)), "\(values)")
            }
            #expect((2...12).contains(scale.ticks.count), "\(values) \(scale.ticks)")
        }
    }

    @Test func `an axis of one value, of none, and of wide values`() {
        for values in [
            [5.0], [], [0, 0], [-3], [1e30], [1e-30, 1e30], [0, Double.leastNonzeroMagnitude],
            [Double.leastNonzeroMagnitude, 1e30],
        ] {
            let scale = AxisScale(holding: values, allowsLogarithm: true)
            #expect(scale.low < scale.high)
            #expect(scale.share(scale.low).isFinite && scale.share(scale.high).isFinite)
        }
        #expect(AxisScale(holding: [50, 500], allowsLogarithm: true).isLogarithmic)
        #expect(!AxisScale(holding: [0.05, 0.5], allowsLogarithm: false).isLogarithmic)
        #expect(!AxisScale(holding: [-50, 500], allowsLogarithm: true).isLogarithmic)
    }

    @Test(arguments: [1, 3, 16, 80])
    func `a fold diagram has a box per layer and a ribbon per weight`(layers: Int) throws {
        let report = SampleReport.make(
            layers: layers, ratios: [0.25], methods: ["mka", "reverse"])
        for result in report.results {
            let svg = FoldDiagramSVG(layers: layers, plan: result.plan)
                .render(label: "plan").text
            #expect(svg.matches(of: #/<rect /#).count == layers + result.layers)
            let ribbons = result.plan.reduce(0) { $0 + $1.from.count }
            #expect(svg.matches(of: #/<path class="(keep|merge)"/#).count == ribbons)
            #expect(
                svg.matches(of: #/<g class="out( small)?"/#).count
                    == result.removedLayers.count)
        }
    }

    @Test func `weights beyond one, below zero and not finite are drawn`() {
        let plan: [RunReport.PlanEntry] = [
            .init(
                into: 0,
                from: [
                    .init(layer: 0, weight: 3), .init(layer: 1, weight: -2),
                    .init(layer: 2, weight: .nan),
                ]),
            .init(into: 1, from: []),
        ]
        let svg = FoldDiagramSVG(layers: 3, plan: plan).render(label: "plan").text
        #expect(svg.matches(of: #/<path class="merge"/#).count == 3)
    }

    @Test func `every drawing of every sample is well-formed XML`() throws {
        for (name, report) in SamplePagesTests.samples() where name != "many" {
            let drawings = HTMLReport.render(report).split(separator: "<svg ").dropFirst()
                .map { "<svg " + ($0.split(separator: "</svg>").first ?? "") + "</svg>" }
            #expect(!drawings.isEmpty)
            for drawing in drawings {
                let parser = XMLParser(data: Data(drawing.utf8))
                #expect(parser.parse(), "\(name): \(String(describing: parser.parserError))")
            }
        }
    }
}
