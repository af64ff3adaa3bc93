// Writes pages for a person (or headless Chromium) to look at:
// LAYERFOLD_REPORT_SAMPLES=folder swift test --filter SamplePages

import Foundation
import Testing

@testable import Report

private let folder = ProcessInfo.processInfo.environment["LAYERFOLD_REPORT_SAMPLES"]

@Suite struct SamplePagesTests {
    @Test(
        "sample pages are written where asked",
        .enabled(if: folder != nil, "set LAYERFOLD_REPORT_SAMPLES to a folder"))
    func pages() throws {
        let folder = URL(filePath: try #require(folder))
        for (name, report) in Self.samples() {
            let html = HTMLReport.render(report)
            try Data(html.utf8).write(to: folder.appending(path: "\(name).html"))
            let json = try report.jsonText()
            try Data(json.utf8).write(to: folder.appending(path: "\(name).json"))
            if let result = report.results.first {
                let card = ModelCard.render(report, result)
                try Data(card.utf8).write(to: folder.appending(path: "\(name).md"))
            }
        }
    }

    static func samples() -> [(String, RunReport)] {
        var bare = SampleReport.make(layers: 16, ratios: [0.25], methods: ["mka"])
        bare.results[0].evaluations = []
        bare.warnings = []
        var analysis = SampleReport.make(layers: 16, ratios: [], methods: [])
        analysis.stages = []
        return [
            ("demo", SampleReport.demo()),
            ("one", SampleReport.make(layers: 16, ratios: [0.25], methods: ["mka"])),
            ("bare", bare), ("analysis", analysis),
            (
                "deep",
                SampleReport.make(
                    layers: 80, ratios: [0.125, 0.25, 0.4375], methods: ["mka", "reverse"])
            ),
            (
                "many",
                SampleReport.make(
                    layers: 32, ratios: [0.0625, 0.125, 0.1875, 0.25, 0.3125, 0.375, 0.4375],
                    methods: [
                        "mka", "mka-official", "reverse", "shortgpt", "angular", "sleb", "laco",
                        "replaceme", "come", "passthrough",
                    ], hasTasks: true, measures: ["npib", "cosine"])
            ),
            ("hostile", HostileText.report()),
        ]
    }
}
