// A job's state as a word with a ground of its own: no state is told by colour alone.

import Jobs
import Report

enum StateBadge {
    static func markup(_ state: JobState) -> Markup {
        "<span class=\"state \(kind(state))\">\(state.rawValue)</span>"
    }

    private static func kind(_ state: JobState) -> String {
        switch state {
        case .done: "good"
        case .failed: "bad"
        case .held, .cancelling, .cancelled: "fair"
        case .running, .publishing: "now"
        case .queued: "calm"
        }
    }
}

/// How far the stage that runs is, which the script keeps up to date.
enum ProgressMarkup {
    /// - Parameters:
    ///   - progress: nil where nothing was said yet.
    ///   - name: for who does not see the bar.
    static func markup(
        _ progress: ProgressLine.Progress?, job: String, name: String
    ) -> Markup {
        guard let progress else {
            return """
                <div class="doing" data-progress="\(job)"><progress max="1" \
                aria-label="Progress of \(name.shortened(to: 60))"></progress>\
                <span data-part="stage">begins</span> <span data-part="share"></span>\
                <span data-part="rate"></span><span data-part="left"></span></div>
                """
        }
        let share =
            progress.total > 0
            ? min(1, max(0, Double(progress.done) / Double(progress.total))) : 1
        let percent = Int((share * 100).rounded(.down))
        let rate = progress.rate.flatMap { $0.isFinite ? $0 : nil }.map {
            "\(NumberText.significant($0)) \(progress.unit.shortened(to: 20))/s"
        }
        let seconds = progress.jobSecondsLeft ?? progress.secondsLeft
        let left = seconds.flatMap { $0.isFinite ? $0 : nil }.map {
            "\(TimeText.span($0)) left"
        }
        return """
            <div class="doing" data-progress="\(job)"><progress max="1" \
            value="\(NumberText.plain(share))" \
            aria-label="Progress of \(name.shortened(to: 60))">\(percent)%</progress>\
            <span data-part="stage">\(progress.stage.shortened(to: 40))</span> \
            <span data-part="share">\(percent)%</span> <span data-part="rate">\(rate ?? "")</span> \
            <span data-part="left">\(left ?? "")</span></div>
            """
    }
}
