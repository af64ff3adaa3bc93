// Jobs in words: the rows of `ls` and `show`, and the story of a job for `logs`.

import Foundation
import Jobs

enum JobText {
    // MARK: ls

    /// - Parameter now: milliseconds since 1970, as all times of jobs.
    static func list(_ jobs: [JobSummary], now: Int, isWide: Bool) -> [[String]] {
        let ids = isWide ? jobs.map(\.id) : JobReference.shortened(jobs.map(\.id))
        return [["id", "name", "owner", "state", "model", "age", "time", "what"]]
            + zip(ids, jobs).map { id, job in
                [
                    id, job.name, job.owner.map(UserName.of) ?? "", job.state.rawValue,
                    model(job.model ?? "", isWide: isWide),
                    duration(from: job.submittedAtMilliseconds, to: now), time(job, now: now),
                    what(job, isWide: isWide),
                ]
            }
    }

    private static func model(_ path: String, isWide: Bool) -> String {
        isWide ? path : path.split(separator: "/").last.map(String.init) ?? path
    }

    /// How long it ran, or runs.
    private static func time(_ job: JobSummary, now: Int) -> String {
        guard let start = job.startedAtMilliseconds else { return "" }
        if let end = job.finishedAtMilliseconds { return duration(from: start, to: end) }
        return job.state == .queued ? "" : duration(from: start, to: now)
    }

    private static func what(_ job: JobSummary, isWide: Bool) -> String {
        if let failure = job.failure { return firstLine(failure.message, isWide: isWide) }
        if job.state == .running, let progress = job.progress {
            return ProgressText.short(progress)
        }
        return job.ahead.map { $0 == 0 ? "next" : "\($0) ahead" } ?? ""
    }

    private static func firstLine(_ text: String, isWide: Bool) -> String {
        let countMax = 40
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return isWide || line.count <= countMax ? line : line.prefix(countMax - 3) + "..."
    }

    // MARK: show

    static func show(_ detail: JobDetail, now: Int) -> [[String]] {
        let job = detail.summary
        func ago(_ milliseconds: Int?) -> String? {
            milliseconds.map { "\(date($0)), \(duration(from: $0, to: now)) ago" }
        }
        var rows: [(String, String?)] = [
            ("id", job.id), ("name", job.name), ("owner", job.owner.map(UserName.of)),
            ("state", job.state.rawValue),
            (job.failure == nil ? "doing" : "why", job.failure?.message ?? what(job, isWide: true)),
            ("model", detail.record?.description.model),
            ("methods", detail.record.map { methods($0.description) }),
            ("priority", job.priority.map(String.init)),
            ("submitted", ago(job.submittedAtMilliseconds)),
            ("started", ago(job.startedAtMilliseconds)),
            ("finished", ago(job.finishedAtMilliseconds)), ("took", time(job, now: now)),
            ("waits until", job.notBeforeMilliseconds.map(date)),
            ("note", detail.note.map(words)),
        ]
        rows += detail.attempts.map { ("attempt", words($0)) }
        rows += [("files", detail.jobDirectory), ("results", detail.resultsDirectory)]
        return rows.compactMap { name, text in
            text.flatMap { $0.isEmpty ? nil : [name, $0] }
        }
    }

    private static func words(_ note: JobNote) -> String {
        TextTable.oneLine(note.text) + " (\(UserName.of(note.by)), \(date(note.atMilliseconds)))"
    }

    private static func words(_ attempt: JobDetail.Attempt) -> String {
        var words = [attempt.state.rawValue]
        if let signal = attempt.exitSignal { words.append("signal \(signal)") }
        if let code = attempt.exitCode { words.append("exit code \(code)") }
        if let end = attempt.finishedAtMilliseconds {
            words.append(duration(from: attempt.startedAtMilliseconds, to: end))
        }
        return words.joined(separator: ", ")
    }

    private static func methods(_ job: JobDescription) -> String {
        job.compress.map { entry in
            let amounts = entry.budget.map { ["\($0)"] } ?? entry.ratios.map { "\($0)" }
            return amounts.isEmpty
                ? entry.name : entry.name + " " + amounts.joined(separator: ", ")
        }.joined(separator: "; ")
    }

    // MARK: audit

    static func audit(_ events: [AuditEvent], isWide: Bool) -> [[String]] {
        let jobs = Set(events.compactMap(\.job)).sorted()
        let short = Dictionary(
            uniqueKeysWithValues: zip(jobs, isWide ? jobs : JobReference.shortened(jobs)))
        return [["when", "who", "did", "job"]]
            + events.map { event in
                [
                    date(event.atMilliseconds),
                    UserName.of(event.user) + (event.isAdmin ? " (admin)" : ""), event.verb,
                    event.job.flatMap { short[$0] } ?? "",
                ]
            }
    }

    // MARK: logs

    /// The lines of a progress history that tell something, and how the job failed.
    static func story(_ history: [ProgressLine], failure: WorkerOutcome.Failure?) -> [String] {
        let told = history.contains {
            if case .failed = $0 { true } else { false }
        }
        return history.compactMap(ProgressText.line)
            + (told ? [] : failure.map { ["failed: \($0.message)"] } ?? [])
    }

    // MARK: Times

    static func duration(from start: Int, to end: Int) -> String {
        ProgressText.duration(Double(max(0, end - start)) / 1000)
    }

    private static func date(_ milliseconds: Int) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(
            .iso8601.dateTimeSeparator(.space))
    }
}

/// Progress lines in words.
enum ProgressText {
    static func short(_ progress: ProgressLine.Progress) -> String {
        let seconds = progress.jobSecondsLeft ?? progress.secondsLeft
        let left = seconds.map { ", " + duration($0) + " left" } ?? ""
        return "\(progress.stage) \(percent(progress)) %" + left
    }

    /// 0 to 100, of whatever numbers there are: lines come from other programs.
    static func percent(_ progress: ProgressLine.Progress) -> Int {
        guard progress.total > 0 else { return 100 }
        return Int(min(max(0, 100 * Double(progress.done) / Double(progress.total)), 100))
    }

    static func full(_ progress: ProgressLine.Progress) -> String {
        var text = "\(pad(progress.stage, 12)) \(percent(progress)) %"
        if let detail = progress.detail, !detail.isEmpty { text += "  \(detail)" }
        if let rate = progress.rate { text += "  \(count(rate)) \(progress.unit)/s" }
        if let left = progress.secondsLeft { text += "  \(duration(left)) left" }
        if let all = progress.jobSecondsLeft { text += ", \(duration(all)) in all" }
        return TextTable.oneLine(text)
    }

    /// The same for a line that is rewritten: one that reaches the last column goes on in the next
    /// line, and stays there.
    static func fitting(_ progress: ProgressLine.Progress, width: Int) -> String {
        TextTable.cut(full(progress), to: max(1, width - 1))
    }

    /// What ends with a line of its own; nil for what passes by.
    static func line(_ line: ProgressLine) -> String? {
        switch line {
        case .stageFinished(let stage, let cache, let seconds, let peakBytes):
            let verb = cache == .hit ? "from cache" : "computed"
            return "\(pad(stage, 12)) \(pad(verb, 10))  \(duration(seconds))  "
                + "peak \(peakBytes >> 20) MiB"
        case .warning(let message): return "warning: \(message)"
        case .note(let message): return message
        case .failed(_, let message): return "failed: \(message)"
        case .stageStarted, .progress, .finished, .heartbeat: return nil
        }
    }

    static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<10: String(format: "%.2f s", seconds)
        case ..<120: String(format: "%.0f s", seconds)
        case ..<7200: String(format: "%.0f min", seconds / 60)
        case ..<172_800: String(format: "%.1f h", seconds / 3600)
        default: String(format: "%.0f d", seconds / 86_400)
        }
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func count(_ value: Double) -> String {
        switch value {
        case ..<10: String(format: "%.2g", value)
        case ..<1000: String(format: "%.0f", value)
        case ..<1_000_000: String(format: "%.1f k", value / 1000)
        case ..<1_000_000_000: String(format: "%.1f M", value / 1_000_000)
        default: String(format: "%.1f G", value / 1_000_000_000)
        }
    }
}
