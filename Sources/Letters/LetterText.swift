// A letter in words: what a mail says, and the short text of a webhook.

import Failures
import Foundation
import Jobs

/// What a report says of a job's models, found by whoever sends the letter.
package struct LetterFigures: Sendable, Equatable, Codable {
    package struct Figure: Sendable, Equatable, Codable {
        package var name: String
        package var value: Double
        /// Of the original.
        package var original: Double?

        package init(name: String, value: Double, original: Double?) {
            (self.name, self.value, self.original) = (name, value, original)
        }
    }

    package struct Model: Sendable, Equatable, Codable {
        package var id: String
        package var layers: Int
        package var parameters: Int
        package var bytes: Int
        package var figures: [Figure]

        package init(
            id: String, layers: Int, parameters: Int, bytes: Int, figures: [Figure]
        ) {
            (self.id, self.layers, self.parameters) = (id, layers, parameters)
            (self.bytes, self.figures) = (bytes, figures)
        }
    }

    /// The first of them; the others are in the report.
    package var models: [Model]
    /// The same for people, as a table.
    package var lines: [String]

    package init(models: [Model], lines: [String]) {
        (self.models, self.lines) = (models, lines)
    }
}

package struct LetterText: Sendable, Equatable {
    package let subject: String
    package let lines: [String]

    /// - Parameters:
    ///   - page: where the pages are seen, without a slash at its end; nil: no links.
    ///   - figures: of a job's report.
    package init(_ letter: Letter, page: String?, figures: (Letter.Job) -> LetterFigures?) {
        switch letter.kind {
        case .test:
            subject = "[layerfold] a test"
            lines = ["You will be told of your jobs by this way."] + Self.links(nil, page)
        case .last:
            subject = "[layerfold] your jobs have ended: \(Self.counts(letter))"
            lines = Self.summary(letter, page)
        case .done, .failed:
            guard let job = letter.jobs.first else {
                subject = "[layerfold] a job has ended"
                lines = []
                return
            }
            let name = OneLine.text(job.name, bytesMax: 100)
            subject = "[layerfold] \(name) " + (job.state == .done ? "is done" : "failed")
            lines = Self.one(job, page, figures(job))
        }
    }

    // MARK: One job

    private static func one(
        _ job: Letter.Job, _ page: String?, _ figures: LetterFigures?
    ) -> [String] {
        let end = job.state == .done ? "is done" : "has failed"
        var lines = ["Job \(OneLine.text(job.name)) (\(job.id)) \(end).", ""]
        if let failure = job.failure {
            lines += failure.message.split(separator: "\n").map { OneLine.text(String($0)) }
            lines += ["", advice(failure), ""]
        }
        if let model = job.model { lines.append("Model    \(OneLine.text(model))") }
        lines.append("Took     " + duration(job))
        if let results = job.results, job.state == .done {
            lines.append("Results  \(OneLine.text(results))")
        }
        if let figures, !figures.lines.isEmpty {
            lines += [""] + figures.lines.map { OneLine.text($0) }
        }
        lines += ["", "layerfold \(job.state == .done ? "report" : "logs") \(job.id)"]
        return lines + links(job.id, page)
    }

    /// What to do, by whose turn it is.
    private static func advice(_ failure: WorkerOutcome.Failure) -> String {
        switch failure.failureClass {
        case .user: "Mend what it names, and submit the job again: what was computed is kept."
        case .resource: "Make room, then `layerfold retry`: what was computed is kept."
        case .transient: "It was tried several times. `layerfold retry` tries once more."
        case .bug: "This may be a fault of Layerfold: `layerfold logs` has the details."
        }
    }

    private static func duration(_ job: Letter.Job) -> String {
        guard let started = job.startedAtMilliseconds else { return "no time: it never started" }
        let text = words(job.finishedAtMilliseconds - started)
        let wait = started - job.submittedAtMilliseconds
        return wait < 1_000 ? text : "\(text), after \(words(wait)) in the queue"
    }

    private static func words(_ milliseconds: Int) -> String {
        let seconds = max(0, milliseconds) / 1_000
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
        default: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        }
    }

    // MARK: Several

    private static func counts(_ letter: Letter) -> String {
        let states: [JobState] = [.done, .failed, .cancelled]
        var texts = states.compactMap { state -> String? in
            let count = letter.jobs.count { $0.state == state }
            return count == 0 ? nil : "\(count) \(state.rawValue)"
        }
        if letter.more > 0 { texts.append("\(letter.more) more") }
        return texts.joined(separator: ", ")
    }

    private static func summary(_ letter: Letter, _ page: String?) -> [String] {
        let width = letter.jobs.map(\.name.count).max() ?? 0
        var lines = ["All your jobs have ended: \(counts(letter)).", ""]
        for job in letter.jobs {
            let name = OneLine.text(job.name)
            let gap = String(repeating: " ", count: max(0, width - name.count) + 2)
            lines.append("\(name)\(gap)\(job.state.rawValue)  \(job.id)")
            if let failure = job.failure {
                lines.append("  " + OneLine.text(failure.message, bytesMax: 300))
            }
        }
        if letter.more > 0 { lines.append("... and \(letter.more) more: `layerfold ls --mine`") }
        return lines + links(nil, page)
    }

    private static func links(_ job: String?, _ page: String?) -> [String] {
        page.map { ["", link(job, $0)] } ?? []
    }

    static func link(_ job: String?, _ page: String) -> String {
        job.map { "\(page)/jobs/\($0)" } ?? "\(page)/"
    }
}
