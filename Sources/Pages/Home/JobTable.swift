// Rows of jobs: one line each, a block each on a phone.

package import Jobs
import Report

/// A job as lists show it.
package struct JobLine: Sendable, Equatable {
    package let summary: JobSummary
    /// The owner's name; a number where the system has none.
    package let owner: String
    /// Milliseconds since 1970; nil where nobody knows.
    package let expectedStart: Int?

    package init(_ summary: JobSummary, owner: String, expectedStart: Int? = nil) {
        self.summary = summary
        self.owner = owner
        self.expectedStart = expectedStart
    }
}

struct JobTable {
    let frame: Frame
    let now: Int

    /// - Parameter title: for who does not see the table's place.
    func markup(_ lines: [JobLine], title: String) -> Markup {
        """
        <table class="rows"><caption>\(title)</caption>
        <thead><tr><th scope="col"><span class="unseen">Compare</span></th>\
        <th scope="col">Job</th><th scope="col">State</th><th scope="col">How it stands</th>\
        <th scope="col">Model</th><th scope="col">Owner</th><th scope="col">Submitted</th></tr>\
        </thead>
        <tbody>
        \(lines.map(row))</tbody></table>
        """
    }

    private func row(_ line: JobLine) -> Markup {
        let job = line.summary
        let name = job.name.shortened(to: 60)
        let box: Markup =
            job.state == .done
            ? """
            <input type="checkbox" name="job" value="\(job.id)" aria-label="Compare \(name)">
            """ : ""
        return """
            <tr><td class="choice">\(box)</td><th scope="row">\
            <a href="\(frame.link("/jobs/\(job.id)"))">\(Markup.name(job.name, countMax: 60))</a>\
            <span class="below id">\(job.id)</span></th>\
            <td data-name="State">\(StateBadge.markup(job.state))</td>\
            <td data-name="How it stands" class="standing">\(standing(line))</td>\
            <td data-name="Model">\(Markup.name(job.model ?? "", countMax: 50))</td>\
            <td data-name="Owner">\(Markup.name(line.owner, countMax: 30))</td>\
            <td data-name="Submitted">\(TimeText.markup(job.submittedAtMilliseconds))</td></tr>

            """
    }

    private func standing(_ line: JobLine) -> Markup {
        let job = line.summary
        if let failure = job.failure {
            let first = failure.message.split(whereSeparator: \.isNewline).first.map(String.init)
            return "\((first ?? "no reason was given").shortened(to: 120))"
        }
        switch job.state {
        case .running:
            return ProgressMarkup.markup(job.progress, job: job.id, name: job.name)
        case .queued: return JobStanding.start(line)
        case .held: return "\((job.reason ?? "held").shortened(to: 160))"
        case .publishing: return "puts its results in place"
        case .cancelling: return "its worker is being stopped"
        case .done, .failed, .cancelled: return took(job)
        }
    }

    private func took(_ job: JobSummary) -> Markup {
        guard let end = job.finishedAtMilliseconds else { return "" }
        let span = job.startedAtMilliseconds.map { TimeText.span(from: $0, to: end) + ", " } ?? ""
        return "\(span)ended \(TimeText.markup(end))"
    }
}

enum JobStanding {
    /// Why a queued job waits, and how long.
    static func start(_ line: JobLine) -> Markup {
        let job = line.summary
        if let reason = job.reason {
            let time: Markup =
                job.notBeforeMilliseconds.map { "; not before \(TimeText.markup($0))" } ?? ""
            return "\(reason.shortened(to: 160))\(time)"
        }
        let place: String =
            switch job.ahead {
            case 0?: "next"
            case let count?: "\(NumberText.grouped(count)) ahead"
            case nil: "waits"
            }
        let start: Markup =
            line.expectedStart.map { "; expected to start about \(TimeText.markup($0))" }
            ?? "; start not known yet"
        return "\(place)\(start)"
    }
}
