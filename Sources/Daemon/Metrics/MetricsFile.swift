// The metrics as a file for node_exporter's textfile collector, replaced whole every few seconds.
// That it cannot be written is told, and is nobody else's problem.

import DurableIO
import Failures
package import Logging
import SystemPackage

package actor MetricsFile {
    private let live: LiveConfiguration
    private let gatherer: MetricsGatherer
    private let logger: Logger
    /// What went wrong last, so that it is told once.
    private var told: String?
    package static let interval = Duration.seconds(15)
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.metrics.file")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    package init(_ live: LiveConfiguration, _ gatherer: MetricsGatherer, logger: Logger) {
        self.live = live
        self.gatherer = gatherer
        self.logger = logger
    }

    /// Writes again and again until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await write()
            do { try await live.current.clock.sleep(Self.interval) } catch { return }
        }
    }

    /// Writes once, where the settings name a file.
    /// - Returns: what went wrong; nil where nothing did.
    @discardableResult
    package func write() async -> String? {
        guard let path = live.current.metricsFile else {
            told = nil
            return nil
        }
        let text = await gatherer.text()
        do throws(SystemCallError) {
            // Everybody reads it; what a power cut leaves of it is replaced at once.
            var file = try DurableFile.begin(beside: path)
            try file.write(text)
            try file.seal(permissions: 0o644, isDurable: false)
            try file.rename(to: path)
            told = nil
            return nil
        } catch {
            let reason =
                "the metrics cannot be written to `\(path)`: \(FaultText.describe(error)); make "
                + "its folder writable for the daemon (under systemd with ReadWritePaths= as "
                + "well), or correct the setting `metrics_file`"
            // The words name a file that has another name each time.
            let kind = "\(path) \(error.errno)"
            if told != kind { logger.warning("\(reason)") }
            told = kind
            return reason
        }
    }
}
