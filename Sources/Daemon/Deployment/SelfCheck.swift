// The self-check while the daemon runs: mounts come and go. On a thread of its own, since a folder
// of a dead server answers never, and neither queue nor watchdog shall wait for it.

package import Logging

package actor SelfCheck {
    private let live: LiveConfiguration
    private let health: Health
    private let logger: Logger
    private let isService: Bool
    /// Between two looks.
    private static let interval = Duration.seconds(60)
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.selfcheck")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    package init(
        _ live: LiveConfiguration, health: Health, isService: Bool, logger: Logger
    ) {
        self.live = live
        self.health = health
        self.isService = isService
        self.logger = logger
    }

    /// Looks, and tells of what is new.
    /// - Parameter isDeep: whether files of other users are looked for, which only a start and a
    ///   reload do.
    /// - Returns: why the daemon must not start; nothing where it may.
    @discardableResult
    package func look(isDeep: Bool, tells: Bool = true) -> [String] {
        live.lookUpAdminGroup()
        let findings = DeploymentFacts.observe(
            live.current, isService: isService, isDeep: isDeep
        ).findings
        guard tells else { return findings.filter { $0.gravity == .fatal }.map(\.text) }
        for topic in Finding.topics(isDeep: isDeep) {
            tell(topic, findings.filter { $0.topic == topic }.map(\.text))
        }
        return findings.filter { $0.gravity == .fatal }.map(\.text)
    }

    /// Looks again and again until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.interval) } catch { return }
            look(isDeep: false)
        }
    }

    private func tell(_ topic: Health.Topic, _ texts: [String]) {
        for text in health.set(topic, texts) {
            logger.warning("something is wrong", metadata: ["reason": "\(text)"])
        }
    }
}
