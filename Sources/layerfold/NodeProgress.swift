// What a worker on another machine says, in files that the daemon reads now and then: stages in one
// that grows, the last sign of life in one of its own.

import DurableIO
import Foundation
import Jobs
import Synchronization
import SystemPackage

final class NodeProgress: Sendable {
    private struct Last {
        var progress: ContinuousClock.Instant?
        var beat: ContinuousClock.Instant?
        /// Whether the last sign of life told of something that was kept.
        var hasKept = false
    }

    private let file: ProgressFile
    private let beat: BeatFile
    private let bytesMax: Int
    private let interval: Duration
    private let last = Mutex(Last())

    /// - Parameters:
    ///   - bytesMax: of the file of stages; half of it is for those alone. What nobody could read
    ///     whole any more is not written.
    ///   - interval: between two lines that only say how far a stage is, and two signs of life.
    init(folder: FilePath, bytesMax: Int = 1_048_576, interval: Duration = .seconds(30)) {
        file = ProgressFile(path: folder.appending(WorkerRequest.progressFileName))
        beat = BeatFile(folder.appending(WorkerRequest.heartbeatFileName))
        self.bytesMax = bytesMax
        self.interval = interval
    }

    /// Called on two threads.
    func emit(_ line: ProgressLine) {
        guard let data = try? line.encoded() else { return }
        last.withLock { last in
            let now = ContinuousClock.now
            switch line {
            case .heartbeat(let said):
                // Whether there is something to go on behind decides how much time the next try
                // gets: that is said at once.
                let isNews = said.kept ?? 0 > 0 && !last.hasKept
                if !isNews, let before = last.beat, now - before < interval { return }
                last.beat = now
                last.hasKept = said.kept ?? 0 > 0
                beat.write(data)
            case .progress:
                if let before = last.progress, now - before < interval { return }
                last.progress = now
                file.append(data, bytesMax: bytesMax / 2)
            case .stageStarted, .stageFinished, .warning, .note, .finished, .failed:
                file.append(data, bytesMax: bytesMax)
            }
        }
    }
}
