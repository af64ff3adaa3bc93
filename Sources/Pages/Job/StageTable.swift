// Plan against reality, stage by stage: what the forecast of the attempt said, and what its worker
// told.

package import Jobs
import Report

/// A stage as the forecast had it.
package struct PlannedStage: Sendable, Equatable {
    package let name: String
    package let detail: String
    package let isCached: Bool
    package let seconds: Double
    /// nil where the stage holds too little to be planned.
    package let peakBytes: Int?

    package init(
        name: String, detail: String, isCached: Bool, seconds: Double, peakBytes: Int?
    ) {
        self.name = name
        self.detail = detail
        self.isCached = isCached
        self.seconds = seconds
        self.peakBytes = peakBytes
    }
}

/// The stages of an attempt.
package struct StageTable: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        case ahead, running
        case finished(ProgressLine.CacheUse, seconds: Double, peakBytes: Int)
        /// The attempt ended in it, or before it.
        case never
    }

    package struct Row: Sendable, Equatable {
        package let name: String
        package let plan: PlannedStage?
        package let outcome: Outcome
    }

    package let rows: [Row]

    /// Joins what was planned with what happened: each stage that ran takes the first planned one
    /// of its name that is not taken. Planned stages that did not run keep their place behind the
    /// last that did.
    /// - Parameters:
    ///   - plan: nil where nobody planned the attempt.
    ///   - history: what the attempt has said, oldest first.
    ///   - isOver: whether the attempt has ended.
    package init(plan: [PlannedStage]?, history: [ProgressLine], isOver: Bool) {
        var left = plan ?? []
        var rows: [Row] = []
        var open: [String: Int] = [:]
        func taken(_ name: String) -> PlannedStage? {
            left.firstIndex { $0.name == name }.map { left.remove(at: $0) }
        }
        for line in history {
            switch line {
            case .stageStarted(let name):
                // A stage that is told of again goes on where it was.
                guard open[name] == nil else { continue }
                open[name] = rows.count
                let outcome: Outcome = isOver ? .never : .running
                rows.append(Row(name: name, plan: taken(name), outcome: outcome))
            case .stageFinished(let name, let cache, let seconds, let peak):
                let outcome = Outcome.finished(cache, seconds: seconds, peakBytes: peak)
                if let place = open.removeValue(forKey: name) {
                    rows[place] = Row(name: name, plan: rows[place].plan, outcome: outcome)
                } else {
                    rows.append(Row(name: name, plan: taken(name), outcome: outcome))
                }
            default: continue
            }
        }
        rows += left.map { Row(name: $0.name, plan: $0, outcome: isOver ? .never : .ahead) }
        self.rows = Array(rows.prefix(Self.rowsMax))
        omitted = max(0, rows.count - Self.rowsMax)
    }

    /// Of one page.
    private static let rowsMax = 300
    let omitted: Int

    // MARK: For people

    var markup: Markup {
        guard !rows.isEmpty else {
            return "<p class=\"faint\">No stage was planned or run yet.</p>"
        }
        let more: Markup =
            omitted > 0 ? "<p class=\"faint\">\(omitted) more stages are not shown.</p>" : ""
        return """
            <table class="rows"><caption>Stages, planned and run</caption>
            <thead><tr><th scope="col">Stage</th><th scope="col">How it stands</th>\
            <th scope="col" class="num">Planned</th><th scope="col" class="num">Took</th>\
            <th scope="col" class="num">Memory planned</th>\
            <th scope="col" class="num">Memory held</th></tr></thead>
            <tbody>
            \(rows.map(Self.row))\(sum)</tbody></table>\(more)
            """
    }

    private static func row(_ row: Row) -> Markup {
        let detail = row.plan?.detail ?? ""
        let below: Markup =
            detail.isEmpty ? "" : "<span class=\"below\">\(detail.shortened(to: 120))</span>"
        let planned: String? = row.plan.map {
            $0.isCached ? "from cache" : NumberText.seconds($0.seconds)
        }
        var (took, held): (String?, String?)
        let words: String
        switch row.outcome {
        case .ahead: words = "comes"
        case .running: words = "runs"
        case .never: words = "did not end"
        case .finished(let cache, let seconds, let peak):
            words = cache == .hit ? "from cache" : "computed"
            took = NumberText.seconds(seconds)
            held = peak > 0 ? NumberText.bytes(peak) : nil
        }
        return """
            <tr><th scope="row">\(row.name.shortened(to: 60))\(below)</th>\
            <td data-name="How it stands">\(words)</td>\
            \(cell("Planned", planned))\(cell("Took", took))\
            \(cell("Memory planned", row.plan?.peakBytes.map(NumberText.bytes)))\
            \(cell("Memory held", held))</tr>

            """
    }

    private static func cell(_ name: String, _ text: String?) -> Markup {
        "<td class=\"num\" data-name=\"\(name)\">\(text ?? "–")</td>"
    }

    /// Both sides added up, where there are both.
    private var sum: Markup {
        let plans = rows.compactMap(\.plan)
        guard rows.count > 1, !plans.isEmpty else { return "" }
        let planned = plans.reduce(0) { $0 + $1.seconds }
        let took = rows.reduce(0) { sum, row in
            if case .finished(_, let seconds, _) = row.outcome { sum + seconds } else { sum }
        }
        return """
            <tr class="sum"><th scope="row">In all</th><td></td>\
            \(Self.cell("Planned", NumberText.seconds(planned)))\
            \(Self.cell("Took", NumberText.seconds(took)))\
            \(Self.cell("Memory planned", plans.compactMap(\.peakBytes).max().map(NumberText.bytes)))\
            <td></td></tr>

            """
    }
}
