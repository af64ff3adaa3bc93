// What a job would take, before it is sent.

import Report

/// A forecast, or why there is none.
package struct SubmitPlan: Sendable, Equatable {
    package struct Stage: Sendable, Equatable {
        package let name: String
        package let detail: String
        package let isCached: Bool
        package let seconds: Double
        package let peakBytes: Int?
        package let diskBytes: Int

        package init(
            name: String, detail: String, isCached: Bool, seconds: Double, peakBytes: Int?,
            diskBytes: Int
        ) {
            self.name = name
            self.detail = detail
            self.isCached = isCached
            self.seconds = seconds
            self.peakBytes = peakBytes
            self.diskBytes = diskBytes
        }
    }

    package var seconds = 0.0
    /// Whether the time rests on no earlier run.
    package var isGuess = false
    package var peakBytes = 0
    package var diskBytes = 0
    package var stages: [Stage] = []
    /// What will not fit, in words.
    package var obstacles: [String] = []
    /// Why there is no plan; nil where there is one.
    package var problem: String?

    package init() {}

    private static let stagesMax = 500

    var markup: Markup {
        if let problem {
            return """
                <section class="plan"><h3>Plan</h3>
                <p class="notice">There is no plan: \(Prose.markup(problem.shortened(to: 2000)))</p>
                </section>
                """
        }
        let warnings = obstacles.prefix(20).map { obstacle -> Markup in
            "<p class=\"notice\" role=\"alert\">\(obstacle.shortened(to: 500))</p>\n"
        }
        let rows = stages.prefix(Self.stagesMax).map { stage -> Markup in
            """
            <tr><th scope="row">\(Markup.name(stage.name, countMax: 60))\
            <span class="below">\(stage.detail.shortened(to: 200))</span></th>\
            <td class="num">\(stage.isCached ? "from cache" : Self.time(stage.seconds))</td>\
            <td class="num">\(stage.peakBytes.map { "\(NumberText.bytes($0))" } ?? "–")</td>\
            <td class="num">\(NumberText.bytes(stage.diskBytes))</td></tr>

            """
        }
        let cached = stages.count { $0.isCached }
        return """
            <section class="plan"><h3>Plan</h3>
            <dl class="facts"><div><dt>Time</dt><dd>about \(Self.time(seconds))\
            \(isGuess ? ", a guess" : "")</dd></div>\
            <div><dt>Memory</dt><dd>\(NumberText.bytes(peakBytes))</dd></div>\
            <div><dt>Disk</dt><dd>up to \(NumberText.bytes(diskBytes))</dd></div>\
            <div><dt>Cache</dt><dd>\(cached) of \(stages.count) stages</dd></div></dl>
            \(warnings)
            <details><summary>Stage by stage</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="Stages">
            <table class="beside"><caption>Stages</caption>
            <thead><tr><th scope="col">Stage</th><th scope="col" class="num">Time</th>\
            <th scope="col" class="num">Memory</th>\
            <th scope="col" class="num">Disk</th></tr></thead>
            <tbody>
            \(rows)</tbody></table></div></details></section>
            """
    }

    private static func time(_ seconds: Double) -> String {
        TimeText.span(max(1, seconds))
    }
}
