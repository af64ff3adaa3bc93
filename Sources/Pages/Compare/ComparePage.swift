// Several jobs' results side by side. All that is chosen stands in the address, so that it can be
// shared, and nothing needs script.

package import Report

package struct ComparePage: Sendable {
    /// A job that was asked for.
    package struct Job: Sendable {
        package let id: String
        package let name: String
        package let owner: String
        /// Why there is nothing to compare, in words; nil where there is.
        package let problem: String?

        package init(id: String, name: String, owner: String, problem: String?) {
            self.id = id
            self.name = name
            self.owner = owner
            self.problem = problem
        }
    }

    /// A job that could be chosen.
    package struct Choice: Sendable {
        package let id: String
        package let name: String
        package let owner: String
        package let model: String

        package init(id: String, name: String, owner: String, model: String) {
            self.id = id
            self.name = name
            self.owner = owner
            self.model = model
        }
    }

    /// What compares at all: models made of one original.
    package struct Group: Sendable {
        package let models: ComparedModels
        package init(_ models: ComparedModels) { self.models = models }
    }

    /// At once; each has a report in memory while it is read.
    package static let jobsMax = 12

    let jobs: [Job]
    let omitted: Int
    let differences: DescriptionDifferences
    /// Of those whose report could be read, in the order of `differences`.
    let compared: [String]
    let groups: [Group]
    let choices: [Choice]
    let sort: CompareSort

    /// - Parameters:
    ///   - omitted: how many more were asked for than are compared at once.
    ///   - compared: identifiers of the jobs that `differences` is about.
    package init(
        jobs: [Job], omitted: Int = 0, compared: [String], differences: DescriptionDifferences,
        groups: [Group], choices: [Choice], sort: CompareSort
    ) {
        self.jobs = jobs
        self.omitted = omitted
        self.compared = compared
        self.differences = differences
        self.groups = groups
        self.choices = choices
        self.sort = sort
    }

    package func render(_ frame: Frame) -> Markup {
        let body: Markup =
            jobs.isEmpty
            ? "<p>Choose jobs that are done: their models stand side by side then.</p>"
            : asked(frame) + models(frame) + described(frame)
        return frame.page("Compare", at: .compare, body + choice(frame))
    }

    /// The address of this page with other jobs or another order.
    func address(_ frame: Frame, _ ids: [String], _ sort: CompareSort) -> String {
        var items = ids.map { (name: "job", value: $0) }
        if let text = sort.text { items.append((name: "sort", value: text)) }
        return frame.link("/compare" + Address.query(items))
    }

    // MARK: Jobs

    private func asked(_ frame: Frame) -> Markup {
        let items = jobs.map { job -> Markup in
            let others = jobs.map(\.id).filter { $0 != job.id }
            let problem: Markup =
                job.problem.map { "<p class=\"notice\">\($0.shortened(to: 1000))</p>" } ?? ""
            let report: Markup =
                job.problem == nil
                ? " <a href=\"\(frame.link("/jobs/\(job.id)/report"))\">report</a>" : ""
            return """
                <li><a href="\(frame.link("/jobs/\(job.id)"))">\(Markup.name(job.name))</a> \
                <span class="faint">of \(Markup.name(job.owner, countMax: 40))</span>\(report) \
                <a href="\(address(frame, others, sort))" \
                aria-label="Leave out \(job.name.shortened(to: 80))">leave out</a>\(problem)</li>

                """
        }
        let more: Markup =
            omitted > 0
            ? """
            <p class="notice">\(Self.jobsMax) jobs are compared at once: \(omitted) more that were \
            chosen \(omitted == 1 ? "is" : "are") left out.</p>

            """ : ""
        return "\(more)<ul class=\"compared\">\n\(items)</ul>\n"
    }

    private func name(of id: String) -> String { jobs.first { $0.id == id }?.name ?? id }

    // MARK: Descriptions

    private func described(_ frame: Frame) -> Markup {
        guard compared.count > 1 else { return "" }
        guard !differences.rows.isEmpty else {
            return "<section><h2>What they asked for</h2><p>The same.</p></section>\n"
        }
        let heads = compared.map { id -> Markup in
            "<th scope=\"col\">\(Markup.name(name(of: id), countMax: 40))</th>"
        }
        let rows = differences.rows.map { row -> Markup in
            let cells = row.values.map { value -> Markup in
                value.map { "<td>\(Markup.name($0, countMax: 120))</td>" }
                    ?? "<td class=\"faint\">–</td>"
            }
            return "<tr><th scope=\"row\">\(Markup.name(row.path))</th>\(cells)</tr>\n"
        }
        let omitted: Markup =
            differences.omitted > 0
            ? "<p class=\"faint\">\(differences.omitted) more values differ.</p>" : ""
        return """
            <section><h2>What they asked for differently</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Differences">
            <table class="beside"><caption>Values that differ</caption>
            <thead><tr><th scope="col">Key</th>\(heads)</tr></thead>
            <tbody>
            \(rows)</tbody></table></div>\(omitted)</section>

            """
    }

    // MARK: Choice

    private func choice(_ frame: Frame) -> Markup {
        let chosen = Set(jobs.map(\.id))
        let listed = Set(choices.map(\.id))
        // Those that are too old for the list stay chosen.
        let others = jobs.filter { !listed.contains($0.id) }.map {
            Choice(id: $0.id, name: $0.name, owner: $0.owner, model: "")
        }
        let all = others + choices
        guard !all.isEmpty else { return "<p>No job is done yet.</p>" }
        let items = all.map { choice -> Markup in
            let mark: Markup = chosen.contains(choice.id) ? " checked" : ""
            return """
                <li><label><input type="checkbox" name="job" value="\(choice.id)"\(mark)> \
                \(Markup.name(choice.name))</label> <span class="faint">\
                \(Markup.name(choice.model)) of \(Markup.name(choice.owner, countMax: 40)), \
                \(choice.id)</span></li>

                """
        }
        let order: Markup =
            sort.text.map { "<input type=\"hidden\" name=\"sort\" value=\"\($0)\">" } ?? ""
        return """
            <section><h2>Which jobs</h2>
            <form class="choose" method="get" action="\(frame.link("/compare"))">\(order)
            <fieldset><legend>Jobs that are done, the newest first; \(Self.jobsMax) at most\
            </legend>
            <ul class="choices">
            \(items)</ul></fieldset>
            <button type="submit">Compare</button>
            </form></section>

            """
    }
}
