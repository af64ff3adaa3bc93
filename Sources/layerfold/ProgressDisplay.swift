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
        case .stageFinished(let stage, let cache, let seconds, let peakBytes):
            let verb = cache == .hit ? "from cache" : "computed"
            finish(
                "\(pad(stage, 12)) \(pad(verb, 10))  \(Self.duration(seconds))  "
                    + "peak \(peakBytes >> 20) MiB")
        case .warning(let message): finish("warning: \(message)")
        case .note(let message): finish(message)
        case .failed(_, let message): finish("failed: \(message)")
        case .finished: break
        }
    }

    private func show(_ progress: ProgressLine.Progress) {
        let percent = progress.total > 0 ? 100 * progress.done / progress.total : 100
        var text = "\(pad(progress.stage, 12)) \(percent) %"
        if let detail = progress.detail, !detail.isEmpty { text += "  \(detail)" }
        if let rate = progress.rate { text += "  \(Self.count(rate)) \(progress.unit)/s" }
        if let left = progress.secondsLeft { text += "  \(Self.duration(left)) left" }
        if isTerminal {
            write("\r\u{1B}[K" + text)
            hasOpenLine = true
        } else if percent / 10 != lastTenth || .now - lastLine >= .seconds(60) {
            // A file or a pipe gets a line for every tenth, and every minute where that takes long.
            lastTenth = percent / 10
            lastLine = .now
            write(text + "\n")
        }
    }

    private func finish(_ text: String) {
        write((hasOpenLine ? "\r\u{1B}[K" : "") + text + "\n")
        hasOpenLine = false
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<10: String(format: "%.2f s", seconds)
        case ..<120: String(format: "%.0f s", seconds)
        case ..<7200: String(format: "%.0f min", seconds / 60)
        default: String(format: "%.1f h", seconds / 3600)
        }
    }

    private static func count(_ value: Double) -> String {
        switch value {
        case ..<10: String(format: "%.2g", value)
        case ..<1000: String(format: "%.0f", value)
        case ..<1_000_000: String(format: "%.1f k", value / 1000)
        default: String(format: "%.1f M", value / 1_000_000)
        }
    }
}
