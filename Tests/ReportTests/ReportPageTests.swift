// report.html as a document: well-formed, safe with hostile text, readable, self-contained.

import Foundation
import JSON
import Testing

@testable import Report

@Suite struct ReportPageTests {
    @Test func `every tag of every sample is closed in order`() throws {
        for (name, report) in SamplePagesTests.samples() where name != "many" && name != "deep" {
            var open: [String] = []
            for tag in PageTag.tags(of: HTMLReport.render(report)) {
                let tag = try #require(tag, "\(name): a tag that is not well-formed")
                if tag.isEmpty { continue }
                if tag.isEnd {
                    try #require(open.popLast() == tag.name, "\(name): </\(tag.name)>")
                } else {
                    open.append(tag.name)
                }
            }
            #expect(open == [], "\(name)")
        }
    }

    @Test func `hostile text adds no tag, no attribute and no script`() throws {
        let plain = SampleReport.make(
            layers: 16, ratios: [0.25], methods: ["mka", "reverse"], hasTasks: true)
        func words(_ report: RunReport) throws -> (tags: Set<String>, attributes: Set<String>) {
            let tags = try PageTag.tags(of: HTMLReport.render(report)).map { try #require($0) }
            return (Set(tags.map(\.name)), Set(tags.flatMap(\.attributes)))
        }
        let known = try words(plain)
        let hostile = try words(HostileText.report())
        // Only what shows nested parameters, cut names and columns that paper has no room for.
        #expect(hostile.tags.subtracting(known.tags).isSubset(of: ["code"]))
        #expect(
            hostile.attributes.subtracting(known.attributes).isSubset(of: ["title", "data-name"]))
        let html = HTMLReport.render(HostileText.report())
        #expect(html.matches(of: #/<script/#).count == 1)
        #expect(!html.contains("\u{0}") && !html.contains("\u{1B}"))
    }

    @Test func `a name of ten kilobytes does not fill the page`() {
        let name = String(repeating: "0123456789", count: 1024)
        var report = ReportFixtures.tiny()
        report.model.name = name
        report.results[0].method = name
        report.job = ["name": .string(name), name: .string(name)]
        let page = HTMLReport.render(report).utf8.count
        #expect(page < HTMLReport.render(ReportFixtures.tiny()).utf8.count + 40_000)
        #expect(!HTMLReport.render(report).contains(name))
    }

    @Test func `a comparison with the original has no original's figure`() {
        var report = ReportFixtures.tiny()
        let original = "Dashed: the original."
        #expect(HTMLReport.render(report).ranges(of: original).count == 1)
        report.results[0].evaluations += [
            .init(task: "race", metric: "flips", value: 0.25, stderr: 0.01, count: 100),
            .init(task: "race", metric: "choice_divergence", value: 0.5, stderr: 0.1, count: 100),
        ]
        let html = HTMLReport.render(report)
        #expect(html.ranges(of: original).count == 1)
        #expect(html.contains("25.0%") && html.contains("0.5000"))
        #expect(html.contains("<dt>Flips</dt>") && html.contains("<dt>Divergence</dt>"))
        for title in ["race flips", "race choice divergence"] {
            #expect(
                html.contains(
                    "<strong>\(title)</strong> over the share of layers removed; lower is better."))
        }
    }

    @Test func `the page loads nothing and runs only its own script`() throws {
        let html = HTMLReport.render(SampleReport.demo())
        #expect(!html.contains("http://") && !html.contains("https://"))
        #expect(!html.contains("src=") && !html.contains("@import") && !html.contains("url("))
        let script = try #require(html.firstMatch(of: #/(?s)<script>(.*?)<\/script>/#)?.1)
        let digest = try Self.sha256(String(script))
        #expect(
            html.contains("script-src 'sha256-\(digest)'"),
            "write sha256-\(digest) in ReportScript.swift")
    }

    /// SHA-256 in base 64, by coreutils: the package has no digest below this test's target.
    private static func sha256(_ text: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/sha256sum")
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        let digits = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let bytes = stride(from: 0, to: 64, by: 2).map { place in
            UInt8(digits.dropFirst(place).prefix(2), radix: 16) ?? 0
        }
        return Data(bytes).base64EncodedString()
    }

    @Test func `text keeps a contrast of 4.5, marks of 3, in light and dark`() throws {
        let html = HTMLReport.render(ReportFixtures.tiny())
        let style = try #require(html.firstMatch(of: #/(?s)<style>(.*?)<\/style>/#)?.1)
        let parts = style.split(separator: "prefers-color-scheme: dark", maxSplits: 1)
        try #require(parts.count == 2)
        for scheme in parts {
            let block = try #require(scheme.firstMatch(of: #/(?s):root \{(.*?)\}/#)?.1)
            var colors: [String: Double] = [:]
            for match in block.matches(of: #/--([a-z0-9-]+): (#[0-9a-f]{6});/#) {
                colors[String(match.1)] = ReportDrawingTests.luminance(match.2)
            }
            func contrast(_ a: String, _ b: String) throws -> Double {
                let (x, y) = (try #require(colors[a]), try #require(colors[b]))
                return (max(x, y) + 0.05) / (min(x, y) + 0.05)
            }
            let texts = [
                ("ink", "page"), ("soft", "page"), ("accent", "page"), ("ink", "wash"),
                ("soft", "wash"), ("good", "page"), ("good", "good-wash"), ("fair", "fair-wash"),
                ("accent", "fair-wash"), ("ink", "fair-wash"), ("bad", "bad-wash"),
                ("page", "accent"), ("page", "ink"),
            ]
            for (text, ground) in texts {
                #expect(try contrast(text, ground) >= 4.5, "\(text) on \(ground)")
            }
            for index in 0..<8 {
                // Names of lines are text in these colours.
                #expect(try contrast("s\(index)", "page") >= 4.5, "s\(index)")
            }
        }
    }

    @Test func `the headline says what happened, whatever was measured`() throws {
        func headline(_ report: RunReport) throws -> String {
            let html = HTMLReport.render(report).replacing("\u{A0}", with: " ")
            return String(try #require(html.firstMatch(of: #/<h1>(.*?)<\/h1>/#)?.1))
        }
        var report = SampleReport.make(layers: 16, ratios: [0.25], methods: ["mka"])
        #expect(try headline(report) == "16 → 12 layers: perplexity 51.7 → 79.5")
        #expect(
            try headline(SampleReport.demo())
                == "16 → 14 and 12 layers: perplexity 51.7 → 63.2 and 79.5")
        report.results[0].evaluations[0].value = .nan
        #expect(try headline(report) == "16 → 12 layers: no figure could be computed")
        report.results[0].evaluations = []
        #expect(try headline(report) == "16 → 12 layers: quality not measured")
        report.results = []
        #expect(try headline(report) == "16 layers looked at, nothing folded")
    }

    /// The original is as far from itself as nothing, and no limits are set for a divergence.
    @Test(
        arguments: [(0, "no limits for this figure"), (nil, "no original to compare with")]
            as [(Double?, String)])
    func `a figure without a verdict says why`(original: Double?, words: String) {
        var report = ReportFixtures.tiny()
        report.results[0].evaluations = [
            .init(
                task: "divergence", metric: "kl_divergence", value: 0.316, stderr: 0.01,
                count: 1000, original: original, originalStderr: original)
        ]
        let html = HTMLReport.render(report)
        #expect(html.contains("<li class=\"unknown\">"))
        #expect(html.contains("<span class=\"word\">\(words)</span>"))
    }

    @Test func `figures of any size are rendered`() {
        let values = [
            0, Double.leastNonzeroMagnitude, -Double.leastNonzeroMagnitude, 1e-300, 1e-31, 1e-29, 1,
            -1, 1e30, -1e30, 1e31, 1.7e308,
            -1.7e308, .nan, .infinity,
        ]
        for metric in ["perplexity", "accuracy", "score"] {
            for value in values {
                for original in values {
                    var report = ReportFixtures.tiny()
                    report.results[0].evaluations = [
                        .init(
                            task: "task", metric: metric, value: value, stderr: value,
                            original: original, originalStderr: original)
                    ]
                    report.results[0].plan[1].from[0].weight = value
                    report.results[0].ratioAchieved = original
                    report.similarity[0].matrix[0][1] = value
                    report.similarity[0].matrix[0][2] = original
                    #expect(HTMLReport.render(report).hasSuffix("</html>\n"))
                    #expect(!ModelCard.render(report, report.results[0]).isEmpty)
                    #expect(!ComparisonTable(report).csv().isEmpty)
                }
            }
        }
    }

    /// On paper the heads of many columns are left out, and each figure stands under its name.
    @Test func `every figure of a table that is too wide for paper has its name with it`() throws {
        var report = SampleReport.make(
            layers: 16, ratios: [0.25], methods: ["mka", "reverse"], hasTasks: true)
        #expect(!HTMLReport.render(report).contains("data-name=\""))
        for index in report.results.indices {
            let evaluations = report.results[index].evaluations
            report.results[index].evaluations += evaluations.map {
                var other = $0
                other.task += "-again"
                return other
            }
        }
        let html = HTMLReport.render(report)
        let metrics = ComparisonTable(report).metrics.map(\.title)
        #expect(metrics.count == 8)
        for name in metrics + ["Layers", "Parameters", "Size"] {
            let named = html.ranges(of: " data-name=\"\(name)\"").count
            #expect(named == 3, "\(name)")
        }
    }

    @Test func `maps share a scale unless one would drown`() {
        var report = ReportFixtures.tiny()
        report.similarity[1].layers = ["0", "1", "2"]
        report.similarity[1].matrix = [[1, 0.2, 0.6], [0.2, 1, 0.3], [0.6, 0.3, 1]]
        let shared = HTMLReport.render(report)
        #expect(shared.matches(of: #/class="legend"/#).count == 1)
        #expect(shared.contains("One scale for all 2 maps"))
        report.similarity[1].matrix[0][1] = 25
        let single = HTMLReport.render(report)
        #expect(single.matches(of: #/class="legend"/#).count == 2)
        #expect(single.contains("each has its own"))
    }

    @Test func `warnings are counted once and grouped by what they are on`() {
        var report = ReportFixtures.tiny()
        report.similarity[0].warnings = ["same", "w1", "w2", "w3", "w4"]
        report.warnings = ["same", "run"]
        let html = HTMLReport.render(report)
        #expect(html.contains(">2 warnings</a>"))
        #expect(html.contains("npib: Original, 3 layers</bdi>, 4 warnings</summary>"))
        #expect(html.matches(of: #/<bdi>same</#).count == 1)
    }

    @Test func `sections without content are left out`() {
        var report = ReportFixtures.tiny()
        report.results = []
        report.stages = []
        report.similarity = []
        let html = HTMLReport.render(report)
        #expect(!html.contains("id=\"stages\"") && !html.contains("id=\"plan\""))
        #expect(!html.contains("id=\"similarity\"") && !html.contains("id=\"use\""))
        #expect(html.contains("id=\"asked\"") && html.contains("id=\"numbers\""))
    }

    @Test func `links lead to sections that are there, and ids are unique`() throws {
        for (name, report) in SamplePagesTests.samples() where name != "many" && name != "deep" {
            let html = HTMLReport.render(report)
            let ids = html.matches(of: #/ id="([^"]*)"/#).map { String($0.1) }
            #expect(Set(ids).count == ids.count, "\(name)")
            for link in html.matches(of: #/ href="#([^"]*)"/#) {
                #expect(ids.contains(String(link.1)), "\(name): #\(link.1)")
            }
        }
    }
}
