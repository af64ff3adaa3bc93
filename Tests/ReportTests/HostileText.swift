// Names and warnings as an attacker or an accident would write them.

import JSON

@testable import Report

enum HostileText {
    static let strings = [
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title></style><h1>gotcha",
        "<!-- --> ]]> <![CDATA[ &amp; &lt; &#0;",
        "\u{202E}drawkcab\u{202C} \u{2067}\u{05D0}\u{05D1}\u{05D2}",
        "\u{0}\u{1}\u{7}\u{1B}[31m\u{85}\u{FFFE}",
        "line\r\nbreak\ttab\u{2028}separator",
        "e" + String(repeating: "\u{301}", count: 500),
        String(repeating: "0123456789", count: 1024),
        "日本語の名前 \u{1F600}",
        "=cmd|' /C calc'!A0",
        "`code` | cell | [link](javascript:alert(1)) *bold* # head",
        "",
    ]

    /// The demo report with every text of it replaced by the strings in turn.
    static func report() -> RunReport {
        var next = 0
        func text() -> String {
            next += 1
            return strings[next % strings.count]
        }
        var report = SampleReport.make(
            layers: 16, ratios: [0.25], methods: ["mka", "reverse"], hasTasks: true)
        report.job = [
            "name": .string(text()),
            text(): [
                text(): .string(text()),
                text(): .array([.string(text()), [text(): 1]]),
            ],
            "compress": .array(strings.map { [$0: .string($0)] }),
        ]
        report.model.name = text()
        report.model.architecture = text()
        report.model.digest = text()
        report.model.dtype = text()
        for index in report.stages.indices {
            report.stages[index].name = text()
            report.stages[index].key = text()
            report.stages[index].detail = text()
            report.stages[index].missReason = text()
        }
        for index in report.similarity.indices {
            report.similarity[index].measure = text()
            report.similarity[index].reading = text()
            report.similarity[index].layers = (0..<16).map { _ in text() }
            report.similarity[index].warnings = [text()]
        }
        for index in report.results.indices {
            report.results[index].method = text()
            report.results[index].id = text()
            report.results[index].path = text()
            report.results[index].answers = strings.map {
                .init(task: text(), reason: $0, prompt: $0, original: text(), folded: text())
            }
            for place in report.results[index].evaluations.indices {
                report.results[index].evaluations[place].task = text()
                report.results[index].evaluations[place].metric = text()
                report.results[index].evaluations[place].subjects = strings.map {
                    .init(name: $0, value: 0.5)
                }
            }
        }
        report.warnings = strings
        report.versions.layerfold = text()
        report.versions.swift = text()
        report.numerics.compute = text()
        report.numerics.cpu = text()
        report.started = text()
        report.finished = text()
        return report
    }
}
