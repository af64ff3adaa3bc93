// The API and the pages: on the unix socket, where who may connect is a matter of its permissions
// and who may do what of the kernel's word about the peer, and over TCP where the settings or a
// socket unit say so. Sizes, times and numbers are limited (HTTPLimits).

import DurableIO
import Glibc
package import HTTP
import Jobs
import Logging
import SystemPackage

package struct StatusServer: Sendable {
    private let server: HTTPServer
    private let settings: LiveConfiguration
    private let tokens: TokenKeeper
    private let entrance: Entrance
    private let health: Health
    private let logger: Logger

    /// Group members may connect; the folder's permissions narrow that further.
    private static let mode: UInt32 = 0o660
    /// Within this, who may not come in any more follows no events.
    static let watchInterval = Duration.seconds(10)

    /// Clients can connect when this returns, and are answered once `run` is called.
    /// - Parameters:
    ///   - sockets: what the service manager passed; they listen already.
    ///   - others: routes from elsewhere, as for `StatusRoutes`.
    /// - Throws: where a socket cannot be made.
    init(
        settings: LiveConfiguration, queue: JobQueue, inbox: Inbox, keeper: CacheKeeper,
        sockets: [PassedSockets.Socket] = [], logger: Logger,
        besides others: @escaping @Sendable () -> [Route] = { [] }
    ) throws {
        let configuration = settings.current
        self.settings = settings
        (health, self.logger) = (queue.health, logger)
        tokens = TokenKeeper(folder: configuration.folders.access, clock: configuration.clock)
        let people = People(configuration.directory, uptime: configuration.clock.uptime)
        let entrance = Entrance(
            settings, tokens: tokens, people: people, daemonUser: Int(geteuid()), logger: logger)
        self.entrance = entrance
        let forecaster = Forecaster(settings)
        let own =
            AccessRoutes(entrance: entrance).all
            + PageRoutes(settings: settings, queue: queue, inbox: inbox, people: people).all
            + ComparePageRoutes(settings: settings, queue: queue, people: people).all
            + SubmitPageRoutes(settings: settings, queue: queue, forecaster: forecaster).all
            + StorePageRoutes(
                settings: settings, queue: queue, keeper: keeper, people: people
            ).all
        let routes = StatusRoutes(
            settings: settings, queue: queue, inbox: inbox, forecaster: forecaster,
            others: { own + others() }, failurePage: PageAnswer.failure)
        var limits = HTTPLimits().fitting(descriptors: DescriptorLimit.current)
        limits.bodyBytes = ManifestLimits.bytesMax
        limits.shared = settings.proxies.parties
        server = try HTTPServer(
            listeners: try Self.listeners(configuration, sockets, logger), limits: limits,
            refuse: { HTTPResponse.refusal($0).adding(AnswerHeaders.all) },
            patience: { routes.patience(for: $0.below(settings.current.basePathParts)) }
        ) { request, peer in
            await Self.answer(request, peer, settings, entrance, routes)
        }
    }

    /// There is news for those who follow events.
    package func tellFeeds() { server.tellFeeds() }

    /// How many are connected.
    package var clients: HTTPServer.Population { server.clients }

    /// What a request is answered with that came from there.
    static func answer(
        _ request: HTTPRequest, _ peer: Peer, _ settings: LiveConfiguration, _ entrance: Entrance,
        _ routes: StatusRoutes
    ) async -> HTTPResponse {
        let request = request.below(settings.current.basePathParts)
        return await admitted(request, peer, settings, entrance, routes).adding(AnswerHeaders.all)
    }

    private static func admitted(
        _ request: HTTPRequest, _ peer: Peer, _ settings: LiveConfiguration, _ entrance: Entrance,
        _ routes: StatusRoutes
    ) async -> HTTPResponse {
        do {
            let arrival = try Arrival(request, peer, settings.proxies)
            try RequestGuard.check(request, arrival, hosts: settings.current.hosts)
            let stay: @Sendable (Visitor) -> Stay? = { entrance.stay(of: $0, request, arrival) }
            return await routes.respond(to: request, arrival, stay: stay) { route in
                try await entrance.admit(request, arrival, to: route)
            }
        } catch {
            return .failure(error)
        }
    }

    private static func listeners(
        _ configuration: DaemonConfiguration, _ sockets: [PassedSockets.Socket], _ logger: Logger
    ) throws -> [Listener] {
        let path = configuration.folders.socket
        // Only the daemon that holds the lock comes here: a socket of this name is a dead one's.
        if try Syscalls.stat(path) != nil { try Syscalls.unlink(path) }
        var listeners = [try Listener(path: path.string, mode: mode)]
        for address in configuration.listen { listeners.append(try Listener(address: address)) }
        listeners += sockets.map { Listener(descriptor: $0.descriptor) }
        for address in listeners.compactMap(\.address) {
            logger.notice("listens", metadata: ["address": "\(address)"])
        }
        return listeners
    }

    /// Serves until the task is cancelled.
    package func run() async {
        // Counts from the next start where the settings change.
        tell(.proxy, [settings.proxies.problem].compactMap { $0 })
        entrance.stays.connect { [server] in server.tellFeeds() }
        defer { entrance.stays.disconnect() }
        await withTaskGroup { group in
            group.addTask { await watch() }
            await server.run()
            group.cancelAll()
        }
    }

    /// Again and again: whether the tokens can be read, and whether those who follow events still
    /// may. Nobody tells when an admin leaves the group, or a file is put back.
    private func watch() async {
        while !Task.isCancelled {
            tell(.tokens, [await tokens.problem()].compactMap { $0 })
            await entrance.stays.look()
            do { try await settings.current.clock.sleep(Self.watchInterval) } catch { return }
        }
    }

    private func tell(_ topic: Health.Topic, _ problems: [String]) {
        for problem in health.set(topic, problems) {
            logger.error("something is wrong", metadata: ["reason": "\(problem)"])
        }
    }
}
