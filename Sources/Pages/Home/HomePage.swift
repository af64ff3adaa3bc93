// The first page: what is wrong, what runs, what waits, what has ended; or a list by a filter.

package import Jobs
package import Report

package struct HomePage: Sendable {
    /// Room on the disk, and what the cache takes of it.
    package struct Disk: Sendable, Equatable {
        package let freeBytes: Int
        package let totalBytes: Int
        /// nil while it was not counted.
        package let cacheBytes: Int?

        package init(freeBytes: Int, totalBytes: Int, cacheBytes: Int?) {
            self.freeBytes = freeBytes
            self.totalBytes = totalBytes
            self.cacheBytes = cacheBytes
        }
    }

    /// What of the jobs is shown.
    package enum Listing: Sendable {
        /// Some of each; the rest by links.
        case overview(running: [JobLine], waiting: [JobLine], ended: [JobLine])
        /// - next: where the list goes on; nil at its end.
        case list([JobLine], JobFilter, next: String?)
    }

    /// Of a list.
    package static let rowsMax = 50

    let jobs: Listing
    let counts: [JobState: Int]
    let problems: [String]
    let isStopping: Bool
    let disk: Disk?
    let retention: RetentionNotice?
    /// What a removal has just freed.
    let freedBytes: Int?
    let now: Int

    /// - Parameters:
    ///   - counts: of all jobs that the visitor may see.
    ///   - problems: what keeps the daemon from its work, each with its cure.
    ///   - retention: of jobs that the visitor may see.
    ///   - now: milliseconds since 1970.
    package init(
        _ jobs: Listing, counts: [JobState: Int], problems: [String], isStopping: Bool, disk: Disk?,
        retention: RetentionNotice?, freedBytes: Int?, now: Int
    ) {
        self.jobs = jobs
        self.counts = counts
        self.problems = problems
        self.isStopping = isStopping
        self.disk = disk
        self.retention = retention
        self.freedBytes = freedBytes
        self.now = now
    }

    package func render(_ frame: Frame) -> Markup {
        let live: Markup = """
            <div data-live="problems">\(trouble(frame))</div>
            <div data-live="sums"><p>\(sums(frame))</p><p class="faint">\(diskLine)</p></div>
            """
        var filter: JobFilter?
        if case .list(_, let asked, _) = jobs { filter = asked }
        return frame.page(
            "Jobs", at: .home,
            """
            \(frame.again(filter?.path() ?? "/"))\
            \(freedBytes.map { Self.freed($0) } ?? "")\(live)
            \(form(frame))
            <form method="get" action="\(frame.link("/compare"))" class="list">
            <div data-live="jobs">\(lists(frame))</div>
            <p class="compare"><button type="submit">Compare the chosen jobs</button></p>
            </form>
            """)
    }

    static func freed(_ bytes: Int) -> Markup {
        "<p class=\"notice good\" role=\"status\">Freed \(NumberText.bytes(max(0, bytes))).</p>\n"
    }

    // MARK: The server

    private func trouble(_ frame: Frame) -> Markup {
        var parts: Markup = ""
        if !problems.isEmpty {
            let items = problems.map { text -> Markup in
                "<li>\(text.shortened(to: 2_000))</li>"
            }
            parts += """
                <section class="notice bad" aria-label="What is wrong"><h2>The server cannot do \
                all of its work</h2><ul>\(items)</ul></section>

                """
        }
        if isStopping {
            parts += """
                <p class="notice">The server stops: what runs goes on when it is back.</p>

                """
        }
        if let first = retention?.announced.first, let count = retention?.announced.count {
            parts += """
                <p class="notice">Results of \(count == 1 ? "1 job" : "\(count) jobs") will be \
                removed by the rule of this server, the first not before \
                \(TimeText.markup(first.removedAtMilliseconds)): \
                <a href="\(frame.link("/jobs/\(first.job)"))">job \(first.job)</a>, \
                \(first.reason.shortened(to: 200)). Move away what you want to keep.</p>

                """
        }
        return parts
    }

    private func sums(_ frame: Frame) -> Markup {
        let words = JobFilter.groups.map { group -> Markup in
            let count = group.states.reduce(0) { $0 + (counts[$1] ?? 0) }
            var filter = JobFilter()
            filter.state = group.word
            let verb =
                switch group.word {
                case "running": count == 1 ? "runs" : "run"
                case "waiting": count == 1 ? "waits" : "wait"
                default: count == 1 ? "has ended" : "have ended"
                }
            return """
                <a href="\(frame.link(filter.path()))">\(NumberText.grouped(count)) \(verb)</a>
                """
        }
        var failed = JobFilter()
        failed.state = JobState.failed.rawValue
        let count = counts[.failed] ?? 0
        return """
            \(words[0]), \(words[1]), \(words[2]), of them \
            <a href="\(frame.link(failed.path()))">\(NumberText.grouped(count)) failed</a>.
            """
    }

    private var diskLine: Markup {
        guard let disk else { return "How much room the disk has is not known." }
        let cache =
            disk.cacheBytes.map { "the cache takes \(NumberText.bytes($0))" }
            ?? "the cache is being counted"
        return """
            \(NumberText.bytes(disk.freeBytes)) of \(NumberText.bytes(disk.totalBytes)) are free; \
            \(cache).
            """
    }

    // MARK: Jobs

    private func lists(_ frame: Frame) -> Markup {
        let table = JobTable(frame: frame, now: now)
        switch jobs {
        case .overview(let running, let waiting, let ended):
            let parts = zip(JobFilter.groups, [running, waiting, ended]).map { group, lines in
                part(group, lines, table)
            }
            return "\(parts)"
        case .list(let lines, let filter, let next):
            guard !lines.isEmpty else {
                return """
                    <p>No job matches. <a href="\(frame.link("/"))">Show all jobs</a></p>
                    """
            }
            return table.markup(lines, title: "Jobs") + pages(filter, next, frame)
        }
    }

    private func part(
        _ group: (word: String, title: String, states: [JobState]), _ lines: [JobLine],
        _ table: JobTable
    ) -> Markup {
        let count = group.states.reduce(0) { $0 + (counts[$1] ?? 0) }
        let title = group.title.prefix(1).uppercased() + group.title.dropFirst()
        var filter = JobFilter()
        filter.state = group.word
        let more: Markup =
            count > lines.count
            ? """
            <p><a href="\(table.frame.link(filter.path()))">All \(NumberText.grouped(count))</a></p>
            """ : ""
        let list: Markup =
            lines.isEmpty ? "<p class=\"faint\">Nothing.</p>" : table.markup(lines, title: title)
        return """
            <section aria-labelledby="\(group.word)"><h2 id="\(group.word)">\(title)</h2>
            \(list)
            \(more)</section>

            """
    }

    private func pages(_ filter: JobFilter, _ next: String?, _ frame: Frame) -> Markup {
        var (first, other) = (filter, filter)
        first.after = nil
        other.after = next
        let back: Markup =
            filter.after == nil
            ? "" : "<a href=\"\(frame.link(first.path()))\">First page</a> "
        let on: Markup =
            next == nil ? "" : "<a rel=\"next\" href=\"\(frame.link(other.path()))\">Next page</a>"
        return "<nav class=\"pages\" aria-label=\"Pages\">\(back)\(on)</nav>"
    }

    // MARK: Filter

    private func form(_ frame: Frame) -> Markup {
        var filter = JobFilter()
        if case .list(_, let asked, _) = jobs { filter = asked }
        let groups = JobFilter.groups.map { ($0.word, $0.title) }
        // The group of what runs has that state's own word.
        let states = JobState.allCases.filter { $0 != .running }.map { ($0.rawValue, $0.rawValue) }
        let options = ([("", "all")] + groups + states).map { value, title -> Markup in
            let mark: Markup = value == filter.state ? " selected" : ""
            return "<option value=\"\(value)\"\(mark)>\(title)</option>"
        }
        return """
            <form method="get" action="\(frame.link("/jobs"))" role="search" class="filter">
            <p><label for="state">State</label><select id="state" name="state">\(options)</select></p>
            <p><label for="owner">Owner</label>\
            <input id="owner" name="owner" value="\(filter.owner)" autocomplete="off"></p>
            <p><label for="model">Model</label>\
            <input id="model" name="model" value="\(filter.model)" autocomplete="off"></p>
            <p><label for="text">Name, id or reason</label>\
            <input id="text" name="text" value="\(filter.words)" autocomplete="off"></p>
            <p><button type="submit">Filter</button></p>
            </form>
            """
    }
}
