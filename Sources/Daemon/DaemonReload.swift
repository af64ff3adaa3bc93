// SIGHUP: the settings are read again, the place is looked at again, and the inbox is looked
// through. Settings that cannot be read, or would not work, change nothing.

import Failures
import Glibc
package import Jobs
package import Logging

/// Where settings come from, for a daemon that may be told to read them again.
package struct SettingsSource: Sendable {
    /// What the daemon started with.
    package let start: ServerSettings
    /// Flags over the file, as at the start. Throws with file, line and column.
    package let read: @Sendable () throws -> ServerSettings
    /// Defaults under the settings.
    package let configuration: @Sendable (ServerSettings) -> DaemonConfiguration

    package init(
        start: ServerSettings, read: @escaping @Sendable () throws -> ServerSettings,
        configuration: @escaping @Sendable (ServerSettings) -> DaemonConfiguration
    ) {
        self.start = start
        self.read = read
        self.configuration = configuration
    }
}

package actor DaemonReload {
    private let source: SettingsSource?
    private let live: LiveConfiguration
    private let health: Health
    private let notifier: Notifier
    private let logger: Logger

    /// - Parameter source: nil where there is nothing to read.
    package init(
        _ source: SettingsSource?, live: LiveConfiguration, health: Health, notifier: Notifier,
        logger: Logger
    ) {
        self.source = source
        self.live = live
        self.health = health
        self.notifier = notifier
        self.logger = logger
    }

    /// Returns when the new settings count; the look at the place may take longer.
    package func reload(_ queue: JobQueue, _ inbox: Inbox, _ check: SelfCheck) async {
        notifier.reloading()
        if let source { apply(source) }
        await queue.settingsChanged()
        // What was wrong with the socket may be another's fault now; the next unit says.
        health.set(.workerSocket, [])
        inbox.look()
        notifier.ready(await queue.statusLine())
        // A folder of a dead server answers never: the reload is done without it.
        Task { await check.look(isDeep: true) }
    }

    private func apply(_ source: SettingsSource) {
        do {
            let change = SettingsChange(from: source.start, to: try source.read())
            let old = live.current
            var new = source.configuration(change.effective)
            // What no settings say stays.
            (new.folders, new.clock, new.directory) = (old.folders, old.clock, old.directory)
            try DaemonService.requireWorker(new.worker)
            live.replace(by: new)
            logger.notice("settings read again")
            let waiting = change.waiting.map { "`\($0)`" }.joined(separator: " and ")
            let later =
                waiting.isEmpty
                ? []
                : [
                    "the new value of \(waiting) in the settings counts from the next start: "
                        + "systemctl restart layerfoldd"
                ]
            tell(later + live.problems)
        } catch {
            tell(["the old settings stay: \(FaultText.describe(error))"])
        }
    }

    private func tell(_ problems: [String]) {
        health.set(.settings, [])
        for text in health.set(.settings, problems) {
            logger.error("reload", metadata: ["reason": "\(text)"])
        }
    }
}
