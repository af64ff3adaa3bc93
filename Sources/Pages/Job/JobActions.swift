// What may be done with a job as it stands, by whom; and the page that asks before a removal.

package import Jobs
package import Report

extension JobPage {
    /// Forms for what may be done now.
    func actions(_ frame: Frame) -> Markup {
        var items: [Markup] = []
        if rights.mayChange {
            items += orders(frame)
        }
        if rights.maySubmit, case .text = manifest {
            items.append(
                """
                <a class="button" href="\(frame.link("/submit"))?from=\(job.id)">Rerun with \
                changes</a>
                """)
        }
        if job.state == .done {
            items.append(
                """
                <a class="button" href="\(frame.link("/compare"))?job=\(job.id)">Compare</a>
                """)
        }
        if rights.mayChange, job.state.isFinal {
            items.append(
                """
                <a class="button danger" href="\(frame.link("/jobs/\(job.id)/remove"))">Remove</a>
                """)
        }
        guard !items.isEmpty else { return "" }
        let list = items.map { "<li>\($0)</li>\n" as Markup }
        return """
            <ul class="actions" aria-label="What may be done">
            \(list)</ul>
            """
    }

    private func orders(_ frame: Frame) -> [Markup] {
        func order(_ label: String, _ verb: String, kind: String = "") -> Markup {
            frame.button(label, to: "/jobs/\(job.id)/\(verb)", kind: kind)
        }
        let priority: Markup = frame.button(
            "Set", to: "/jobs/\(job.id)/priority",
            fields: """
                <label for="priority">Priority</label> <input id="priority" name="to" \
                type="number" min="-100" max="100" required value="\(job.priority ?? 0)"> 
                """)
        switch job.state {
        case .queued:
            return [order("Hold", "hold"), order("Cancel", "cancel", kind: "danger"), priority]
        case .held:
            // What an admin holds its owner cannot release.
            let mayRelease = job.held != .admin || frame.isAdmin
            return (mayRelease ? [order("Release", "release")] : [])
                + [order("Cancel", "cancel", kind: "danger"), priority]
        case .running: return [order("Cancel", "cancel", kind: "danger")]
        case .failed, .cancelled: return [order("Retry", "retry")]
        case .publishing, .cancelling, .done: return []
        }
    }
}

/// Asks before something is removed, and says how much.
package struct RemovePage: Sendable {
    let job: JobSummary
    let owner: String
    let resultBytes: Int
    let jobBytes: Int

    /// - Parameters:
    ///   - resultBytes: what its results take.
    ///   - jobBytes: what manifest, log and all else of the job take.
    package init(_ job: JobSummary, owner: String, resultBytes: Int, jobBytes: Int) {
        self.job = job
        self.owner = owner
        self.resultBytes = resultBytes
        self.jobBytes = jobBytes
    }

    package func render(_ frame: Frame) -> Markup {
        func form(_ part: RemovedPart, _ label: String) -> Markup {
            frame.button(
                label, to: "/jobs/\(job.id)/remove", kind: "danger",
                fields: "<input type=\"hidden\" name=\"what\" value=\"\(part.rawValue)\">")
        }
        let allBytes = resultBytes.addingClamped(jobBytes)
        let results: Markup =
            resultBytes > 0
            ? """
            <section aria-labelledby="results"><h2 id="results">Only its results</h2>
            <p>Frees \(NumberText.bytes(resultBytes)): models, report and figures. Manifest, log \
            and the job's place in lists stay, and the manifest can be sent again.</p>
            \(form(.results, "Remove the results"))</section>
            """
            : "<p>Its results take nothing.</p>"
        return frame.page(
            "Remove \(job.name)", at: nil,
            """
            <p>Job <a href="\(frame.link("/jobs/\(job.id)"))">\(job.id)</a> of \
            \(Markup.name(owner, countMax: 60)). What is removed is gone; the cache keeps the \
            stages of the job as long as its own rule says.</p>
            \(results)
            <section aria-labelledby="all"><h2 id="all">Everything</h2>
            <p>Frees \(NumberText.bytes(allBytes)): its results, manifest, log, note \
            and the job itself.</p>
            \(form(.job, "Remove the job"))</section>
            <p><a href="\(frame.link("/jobs/\(job.id)"))">Keep it</a></p>
            """)
    }
}
