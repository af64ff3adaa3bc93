// Progress on standard error: one line that rewrites itself on a terminal, plain lines elsewhere.

import Foundation
import Jobs

final class ProgressDisplay {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var hasOpenLine = false
    private var lastTenth = -1
    private var lastLine = ContinuousClock.now

    func show(_ line: ProgressLine) {
        switch line {
        case .stageStarted: lastTenth = -1
        case .progress(let progress): show(progress)
        default: if let text = ProgressText.line(line) { finish(text) }
        }
    }

    private func show(_ progress: ProgressLine.Progress) {
        let tenth = ProgressText.percent(progress) / 10
        if isTerminal {
            let width = Terminal.width(of: STDERR_FILENO) ?? 80
            Terminal.tell("\r\u{1B}[K" + ProgressText.fitting(progress, width: width))
            hasOpenLine = true
        } else if tenth != lastTenth || .now - lastLine >= .seconds(60) {
            // A file or a pipe gets a line for every tenth, and every minute where that takes long.
            lastTenth = tenth
            lastLine = .now
            Terminal.error(ProgressText.full(progress))
        }
    }

    private func finish(_ text: String) {
        Terminal.error((hasOpenLine ? "\r\u{1B}[K" : "") + text)
        hasOpenLine = false
    }
}
