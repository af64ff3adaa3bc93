// Files of the inbox that could not become jobs, with why, when and whose; and those that stay.

package import Jobs
package import Report

package struct RejectedPage: Sendable {
    let report: InboxReport
    /// By user number.
    let names: [Int: String]

    /// - Parameter report: of what the visitor may see.
    package init(_ report: InboxReport, names: [Int: String]) {
        self.report = report
        self.names = names
    }

    package func render(_ frame: Frame) -> Markup {
        let seconds = 60
        return frame.page(
            "Rejected files", at: .rejected, refresh: seconds,
            """
            <div data-live="rejected">
            \(trouble)
            \(rejected)
            \(staying)
            </div>
            <p class="faint">Manifests are dropped into <code>\(report.inbox)</code>. Each rejected \
            file keeps a note beside it; both go after a while. Correct the file and drop it again\
            \(submit(frame)).</p>
            """)
    }

    private func submit(_ frame: Frame) -> Markup {
        guard frame.maySubmit else { return "" }
        return ", or <a href=\"\(frame.link("/submit"))\">send it here</a>"
    }

    private var trouble: Markup {
        let texts = [report.problem].compactMap(\.self) + (report.warnings ?? [])
        let notices = texts.map { text -> Markup in
            "<p class=\"notice bad\">\(text.shortened(to: 2_000))</p>\n"
        }
        return "\(notices)"
    }

    private var rejected: Markup {
        let files = report.rejected ?? []
        guard !files.isEmpty else { return "<p>No file was rejected.</p>" }
        let rows = files.map { file -> Markup in
            let time: Markup = file.rejectedAtMilliseconds.map(TimeText.markup) ?? "not known"
            let owner = file.owner.map { names[$0] ?? "user \($0)" } ?? "not known"
            return """
                <tr><th scope="row">\(Markup.name(file.name))\
                <span class="below">\(Markup.name(file.path, countMax: 200))</span></th>\
                <td data-name="Why">\(file.problem.shortened(to: 1_000))\
                <span class="below">\(file.reason.shortened(to: 40))</span></td>\
                <td data-name="When">\(time)</td>\
                <td data-name="Whose">\(Markup.name(owner, countMax: 40))</td></tr>

                """
        }
        return """
            <table class="rows"><caption>Rejected files, the newest first</caption>
            <thead><tr><th scope="col">File</th><th scope="col">Why</th><th scope="col">When</th>\
            <th scope="col">Whose</th></tr></thead>
            <tbody>
            \(rows)</tbody></table>
            """
    }

    private var staying: Markup {
        guard !report.staying.isEmpty else { return "" }
        let rows = report.staying.map { entry -> Markup in
            """
            <tr><th scope="row">\(Markup.name(entry.name))</th>\
            <td data-name="Why">\(entry.reason.shortened(to: 1_000))</td></tr>

            """
        }
        let more: Markup =
            (report.more ?? 0) > 0
            ? "<p class=\"faint\">\(report.more ?? 0) more stay.</p>" : ""
        return """
            <section><h2>Files that stay in the inbox</h2>
            <table class="rows"><caption>Files that stay</caption>
            <thead><tr><th scope="col">File</th><th scope="col">Why</th></tr></thead>
            <tbody>
            \(rows)</tbody></table>\(more)</section>
            """
    }
}
