// A job: its failure first, then what it does, its results, its stages, its log, its manifest.

package import Jobs
package import Report

/// As it was sent, or in words why it is not shown.
package enum JobManifest: Sendable, Equatable {
    case text(String)
    case absent(String)
}

package struct JobPage: Sendable {
    /// Where the visitor's rights end.
    package struct Rights: Sendable, Equatable {
        /// Is the owner or an admin, and may change things at all.
        package let mayChange: Bool
        package let maySubmit: Bool

        package init(mayChange: Bool, maySubmit: Bool) {
            self.mayChange = mayChange
            self.maySubmit = maySubmit
        }
    }

    let detail: JobDetail
    let line: JobLine
    let stages: StageTable
    let manifest: JobManifest
    let log: JobLog?
    let results: JobResults
    /// Of who wrote the note.
    let noteBy: String?
    let rights: Rights
    let hasReport: Bool
    let files: [ResultFile]
    let freedBytes: Int?

    var job: JobSummary { detail.summary }

    /// - Parameters:
    ///   - line: what of the job lists show, too.
    ///   - log: its end; nil where there is none yet.
    ///   - noteBy: the name of who wrote the note.
    ///   - hasReport: whether results hold a report.html.
    ///   - files: what else they hold that is handed out.
    ///   - freedBytes: what a removal of results has just freed.
    package init(
        _ detail: JobDetail, line: JobLine, stages: StageTable,
        manifest: JobManifest, log: JobLog?, results: JobResults, noteBy: String?, rights: Rights,
        hasReport: Bool, files: [ResultFile], freedBytes: Int?
    ) {
        self.detail = detail
        self.line = line
        self.stages = stages
        self.manifest = manifest
        self.log = log
        self.results = results
        self.noteBy = noteBy
        self.rights = rights
        self.hasReport = hasReport
        self.files = files
        self.freedBytes = freedBytes
    }

    package func render(_ frame: Frame) -> Markup {
        let (seconds, mayMove) = (15, !job.state.isFinal)
        return frame.page(
            job.name, at: nil, refresh: mayMove && !rights.mayChange ? seconds : nil,
            """
            \(mayMove && rights.mayChange ? frame.again("/jobs/\(job.id)") : "")\
            \(freedBytes.map { HomePage.freed($0) } ?? "")\
            <div data-live="head">\(failure(frame))\(head(frame))</div>
            <div data-live="actions">\(actions(frame))</div>
            <div data-live="results">\(resultsSection(frame))</div>
            <section aria-labelledby="stages"><h2 id="stages">Plan and reality</h2>
            <div data-live="stages">\(stages.markup)</div></section>
            \(logSection(frame))
            \(note(frame))
            \(manifestSection)
            <div data-live="places">\(places)</div>
            """)
    }

    // MARK: Failure and state

    private func failure(_ frame: Frame) -> Markup {
        if let failure = job.failure {
            return """
                <section class="notice bad" aria-labelledby="failure">
                <h2 id="failure">\(FailureAdvice.title(failure.failureClass))</h2>
                <pre class="message" tabindex="0">\(failure.message.shortened(to: 8_000))</pre>
                <p>\(FailureAdvice.whatToDo(failure.failureClass))</p>
                </section>

                """
        }
        guard let reason = job.reason else { return "" }
        let cure =
            switch job.held {
            case .user: "Its owner or an admin releases it."
            case .admin: "Only an admin releases it."
            case .disk, .quota:
                "It goes on by itself when there is room; releasing it tries at once."
            case nil: ""
            }
        return "<p class=\"notice\">\(reason.shortened(to: 2_000)) \(cure)</p>\n"
    }

    private func head(_ frame: Frame) -> Markup {
        var rows: [(String, Markup)] = [("State", StateBadge.markup(job.state) + doing)]
        rows.append(("Owner", Markup.name(line.owner, countMax: 60)))
        rows.append(("Model", job.model.map { Markup.name($0, countMax: 200) } ?? "not known"))
        if let priority = job.priority { rows.append(("Priority", "\(priority)")) }
        rows.append(("Submitted", TimeText.markup(job.submittedAtMilliseconds)))
        if let start = job.startedAtMilliseconds {
            rows.append(("Started", TimeText.markup(start)))
        }
        if let end = job.finishedAtMilliseconds {
            let took = job.startedAtMilliseconds.map {
                ", took \(TimeText.span(from: $0, to: end))"
            }
            rows.append(("Ended", "\(TimeText.markup(end))\(took ?? "")"))
        }
        let items = rows.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>\n" as Markup }
        return "<dl>\n\(items)</dl>"
    }

    private var doing: Markup {
        switch job.state {
        case .running:
            return " " + ProgressMarkup.markup(job.progress, job: job.id, name: job.name)
        case .queued where job.reason == nil: return " \(JobStanding.start(line))"
        default: return ""
        }
    }

    // MARK: Results

    private func resultsSection(_ frame: Frame) -> Markup {
        let body: Markup
        switch results {
        case .none:
            guard job.state == .done else { return "" }
            body = "<p>The results were removed, or moved away.</p>"
        case .unreadable(let why):
            body = """
                <p class="notice bad">The figures cannot be shown: \(why.shortened(to: 1_000)) The \
                models themselves lie where the results are.</p>
                """
        case .models(let models): body = models.markup
        }
        return """
            <section aria-labelledby="results"><h2 id="results">Results</h2>
            \(body)
            \(report(frame))\(handedOut(frame))</section>
            """
    }

    private func report(_ frame: Frame) -> Markup {
        guard hasReport else { return "" }
        let address = frame.link("/jobs/\(job.id)/report")
        return """
            <details class="report"><summary>The report, here</summary>
            <iframe src="\(address)" title="Report of \(job.name.shortened(to: 60))" loading="lazy" \
            sandbox="allow-scripts"></iframe></details>
            <p><a href="\(address)">The report alone</a></p>
            """
    }

    private func handedOut(_ frame: Frame) -> Markup {
        guard !files.isEmpty else { return "" }
        let items = files.map { file -> Markup in
            """
            <li><a href="\(frame.link("/jobs/\(job.id)/files/\(file.rawValue)"))" \
            download="\(file.name(ofJob: job.id))">\(file.rawValue)</a> \
            <span class="faint">\(file.content)</span></li>

            """
        }
        return "<h3>For other programs</h3><ul class=\"plain\">\n\(items)</ul>\n"
    }

    // MARK: Log

    private func logSection(_ frame: Frame) -> Markup {
        let address = frame.link("/jobs/\(job.id)/log")
        guard let log else {
            return """
                <section aria-labelledby="log"><h2 id="log">Log</h2>
                <p class="faint">Its worker has written nothing yet.</p></section>
                """
        }
        let cut: Markup = log.isWhole ? "" : "<p class=\"faint\">The end of it.</p>"
        let follows = job.state == .running || job.state == .cancelling
        return """
            <section aria-labelledby="log"><h2 id="log">Log</h2>
            \(cut)<pre class="log" tabindex="0" aria-labelledby="log" data-log="\(address)" \
            data-offset="\(log.nextOffset)" data-follows="\(follows ? "yes" : "no")">\
            \(log.lines)</pre>
            <p><a href="\(address)">The whole log</a> \
            <a href="\(address)?download=1" download="\(job.id).log">Download</a></p></section>
            """
    }

    // MARK: Note, manifest, places

    private func note(_ frame: Frame) -> Markup {
        let text: Markup =
            detail.note.map {
                """
                <p class="note">\($0.text)</p>
                <p class="faint">\(Markup.name(noteBy ?? "user \($0.by)", countMax: 40)), \
                \(TimeText.markup($0.atMilliseconds))</p>
                """
            } ?? ""
        let form: Markup =
            rights.mayChange
            ? """
            <form method="post" action="\(frame.link("/jobs/\(job.id)/note"))">\(frame.tokenField)\
            <p><label for="note">A note about this job</label>\
            <textarea id="note" name="note" rows="3" maxlength="\(JobNote.textBytesMax)">\
            \("\n" + (detail.note?.text ?? ""))</textarea></p>
            <p><button type="submit">Keep the note</button></p></form>
            """ : ""
        if text.text.isEmpty, form.text.isEmpty { return "" }
        return """
            <section aria-labelledby="notes"><h2 id="notes">Note</h2>
            \(text)\(form)</section>
            """
    }

    private var manifestSection: Markup {
        let body: Markup =
            switch manifest {
            case .text(let text):
                "<div class=\"copied\"><pre tabindex=\"0\"><code>\(text)</code></pre></div>"
            case .absent(let why): "<p class=\"faint\">\(why.shortened(to: 1_000))</p>"
            }
        return """
            <section aria-labelledby="manifest"><h2 id="manifest">Manifest</h2>
            <details\(job.failure == nil ? "" : " open")><summary>As it was sent</summary>
            \(body)</details></section>
            """
    }

    private var places: Markup {
        var rows: [(String, Markup)] = [
            ("Identifier", "<code>\(job.id)</code>"),
            ("Files", "<code>\(detail.jobDirectory.shortened(to: 300))</code>"),
        ]
        if let folder = detail.resultsDirectory {
            rows.append(("Results", "<code>\(folder.shortened(to: 300))</code>"))
        }
        let attempts = detail.attempts.suffix(20).map { attempt -> Markup in
            let end = attempt.finishedAtMilliseconds.map {
                ", \(TimeText.span(from: attempt.startedAtMilliseconds, to: $0))"
            }
            let how =
                attempt.exitSignal.map { ", signal \($0)" }
                ?? attempt.exitCode.map {
                    ", exit code \($0)"
                }
            return """
                <li>\(attempt.state.rawValue), began \(TimeText.markup(attempt.startedAtMilliseconds))\
                \(end ?? "")\(how ?? "")</li>
                """
        }
        if !attempts.isEmpty { rows.append(("Attempts", "<ul class=\"plain\">\(attempts)</ul>")) }
        let items = rows.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>\n" as Markup }
        return """
            <section aria-labelledby="places"><h2 id="places">Where it lies</h2>
            <dl>
            \(items)</dl></section>
            """
    }
}
