// Everything that only looks on, put together: who hears what happens, the routes that tell of it,
// and what they need while the daemon runs.

import Glibc
import Jobs
package import Logging

package struct Telling: Sendable {
    package let hub: EventHub
    package let recorder = MetricsRecorder()
    /// For everybody who does something.
    package let witness: any Witness
    private let live: LiveConfiguration
    private let logger: Logger
    private static let diskInterval = Duration.seconds(10)

    package init(_ live: LiveConfiguration, logger: Logger) {
        self.live = live
        self.logger = logger
        hub = EventHub(clock: live.current.clock)
        witness = Witnesses([hub, recorder])
    }

    /// With a queue that tells this witness.
    package func around(_ queue: JobQueue) -> Desk {
        Desk(self, queue, MetricsGatherer(live, queue, recorder))
    }

    /// Who answers, once there is a queue.
    package struct Desk: Sendable {
        private let telling: Telling
        private let queue: JobQueue
        package let gatherer: MetricsGatherer

        fileprivate init(_ telling: Telling, _ queue: JobQueue, _ gatherer: MetricsGatherer) {
            self.telling = telling
            self.queue = queue
            self.gatherer = gatherer
        }

        var routes: [Route] {
            EventRoutes(telling.hub, telling.live, queue).all
                + MetricsRoutes(gatherer, telling.recorder, queue, telling.live).all
        }

        /// All routes of the daemon, for those who have no sockets.
        package func allRoutes(inbox: Inbox) -> StatusRoutes {
            let configuration = telling.live.current
            let entrance = Entrance(
                telling.live,
                tokens: TokenKeeper(
                    folder: configuration.folders.access, clock: configuration.clock),
                people: People(configuration.directory, uptime: configuration.clock.uptime),
                daemonUser: Int(geteuid()), logger: telling.logger)
            return StatusRoutes(
                settings: telling.live, queue: queue, inbox: inbox,
                others: { [self] in routes + AccessRoutes(entrance: entrance).all })
        }

        /// Tells what happens until the task is cancelled.
        func run(_ server: StatusServer) async {
            telling.hub.connect { server.tellFeeds() }
            await gatherer.connect { server.clients }
            await withTaskGroup { group in
                let file = MetricsFile(telling.live, gatherer, logger: telling.logger)
                group.addTask { await file.run() }
                group.addTask { await lookAtDisk() }
            }
            telling.hub.disconnect()
            await gatherer.disconnect()
        }

        private func lookAtDisk() async {
            while !Task.isCancelled {
                await gatherer.lookAtDisk(for: telling.witness)
                do { try await telling.live.current.clock.sleep(Telling.diskInterval) } catch {
                    return
                }
            }
        }
    }
}
