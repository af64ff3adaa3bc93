// How the run went: warnings, stages with times and memory, numerics and versions.

extension ReportPage {
    /// Warnings on one thing.
    struct WarningGroup {
        /// Nil for those of the run as a whole.
        let title: String?
        let warnings: [String]
    }

    /// The run's warnings, then those of single similarity matrices that are not among them.
    func warningGroups() -> [WarningGroup] {
        let known = Set(report.warnings)
        let groups = report.similarity.map { similarity in
            WarningGroup(
                title: "\(similarity.measure): \(title(similarity))",
                warnings: similarity.warnings.filter { !known.contains($0) })
        }
        return ([WarningGroup(title: nil, warnings: report.warnings)] + groups)
            .filter { !$0.warnings.isEmpty }
    }

    func warnings() -> Markup {
        let groups = warningGroups()
        guard !groups.isEmpty else { return "<p>None.</p>" }
        return groups.reduce(into: "") { body, group in body += Self.list(group) }
    }

    private static func list(_ group: WarningGroup) -> Markup {
        let shown = group.warnings.prefix(200).map { warning -> Markup in
            "<li>\(Markup.name(warning, countMax: 1000))</li>\n"
        }
        let hidden = group.warnings.count - shown.count
        let rest: Markup = hidden > 0 ? "<p>\(hidden) more are in report.json.</p>" : ""
        let list: Markup = "<ul class=\"warnings\">\n\(Array(shown))</ul>\(rest)"
        guard let title = group.title else { return list }
        // A degenerate matrix has a warning for each layer: one line says so, the rest waits.
        let name = Markup.name(title, countMax: 120)
        if shown.count <= 3 { return "<h3>\(name)</h3>\n\(list)\n" }
        return """
            <details class="more"><summary>\(name), \(group.warnings.count) warnings</summary>
            \(list)</details>

            """
    }

    // MARK: - Stages

    func stages() -> Markup {
        guard !report.stages.isEmpty else { return "" }
        let hits = report.stages.count { $0.cache == .hit }
        let total = report.stages.reduce(0) { $0 + ($1.seconds.isFinite ? $1.seconds : 0) }
        let peak = report.stages.compactMap(\.memory).max()
        let isPlanned = report.stages.contains { $0.plannedPeakBytes != nil }
        let rows = report.stages.map { row($0, isPlanned: isPlanned) }
        let planned: Markup = isPlanned ? "<th scope=\"col\" class=\"num\">Planned</th>" : ""
        var summary = "\(report.stages.count) stages in \(NumberText.seconds(total))"
        if hits > 0 { summary += ", \(hits) of them found in the store and not computed again" }
        if let peak { summary += "; at most \(NumberText.bytes(peak)) of memory" }
        return """
            <p>\(summary).</p>
            <details class="more"><summary>Each stage</summary>
            \(Self.scrolling("""
                <table class="stages sortable">
                <caption>Stages of this job</caption>
                <thead><tr><th scope="col">Stage</th><th scope="col">Store</th>\
                <th scope="col" class="num">Time</th><th scope="col" class="num">Peak memory</th>\
                \(planned)<th scope="col">Key</th></tr></thead>
                <tbody>
                \(rows)</tbody>
                </table>
                """, label: "Table of stages"))</details>
            """
    }

    private func row(_ stage: RunReport.Stage, isPlanned: Bool) -> Markup {
        let isHit = stage.cache == .hit
        let isOver =
            stage.memory.flatMap { peak in stage.plannedPeakBytes.map { peak > $0 } } ?? false
        func memory(_ bytes: Int?, below: Markup = "") -> Markup {
            guard let bytes else { return Self.cell("–") }
            return Self.cell("\(NumberText.bytes(bytes))", below: below, sort: Double(bytes))
        }
        let notes = [stage.detail, stage.missReason ?? ""].filter { !$0.isEmpty }
        let detail = notes.map { note -> Markup in
            "<span class=\"below\">\(Markup.name(note, countMax: 200))</span>"
        }
        return """
            <tr><th scope="row">\(Markup.name(stage.name, countMax: 60))\(detail)</th>\
            <td><span class="\(isHit ? "hit" : "miss")">\(stage.cache.words)</span></td>\
            \(Self.cell("\(NumberText.seconds(stage.seconds))", sort: stage.seconds))\
            \(memory(stage.memory, below: isOver ? "above the plan" : ""))\
            \(isPlanned ? memory(stage.plannedPeakBytes) : "")\
            <td><code title="\(stage.key.shortened(to: 200))">\
            \(stage.key.shortened(to: 200).prefix(12).description)</code></td></tr>

            """
    }

    // MARK: - Numerics

    func numerics() -> Markup {
        let numerics = report.numerics
        let versions = report.versions
        func known(_ text: String?) -> Markup { text.map { Markup.name($0) } ?? "" }
        return """
            <p>The same input with the same values here gives the same bits.</p>
            <div class="pairs">
            \(Self.definitions([
                ("Compute", known(numerics.compute)), ("Kernel level", known(numerics.kernelLevel)),
                ("Threads", "\(numerics.threads)"), ("BLAS core", known(numerics.blasCore)),
                ("CPU", known(numerics.cpu)), ("Started", "\(Self.time(report.started))"),
                ("Finished", "\(Self.time(report.finished))"),
            ]))
            \(Self.definitions([
                ("Layerfold", known(versions.layerfold)), ("Swift", known(versions.swift)),
                ("OpenBLAS", known(versions.openblas)), ("oneDNN", known(versions.onednn)),
                ("SQLite", known(versions.sqlite)), ("zstd", known(versions.zstd)),
            ]))
            </div>
            """
    }
}

extension RunReport.Stage {
    /// What the stage needed: pages of mapped files are not counted where that is known.
    fileprivate var memory: Int? { anonymousPeakBytes ?? peakBytes }
}
