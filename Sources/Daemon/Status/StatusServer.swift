// The API on its unix socket: who may connect is a matter of the socket's permissions, who may do
// what of the kernel's word about the peer. Sizes, times and numbers are limited (HTTPLimits).

import DurableIO
import Glibc
package import HTTP
import Jobs
import SystemPackage

package struct StatusServer: Sendable {
    private let server: HTTPServer

    /// A unix address holds 107 bytes.
    package static let pathBytesMax = 107
    /// Group members may connect; the folder's permissions narrow that further.
    private static let mode: UInt32 = 0o660

    /// Clients can connect when this returns, and are answered once `run` is called.
    /// - Throws: where the socket cannot be made.
    /// - Parameter others: routes from elsewhere, as for `StatusRoutes`.
    init(
        settings: LiveConfiguration, queue: JobQueue, inbox: Inbox,
        besides others: @escaping @Sendable () -> [Route]
    ) throws {
        let path = settings.current.folders.socket
        // Only the daemon that holds the lock comes here: a socket of this name is a dead one's.
        if try Syscalls.stat(path) != nil { try Syscalls.unlink(path) }
        let routes = StatusRoutes(
            settings: settings, queue: queue, inbox: inbox, besides: others)
        var limits = HTTPLimits().fitting(descriptors: DescriptorLimit.current)
        limits.bodyBytes = ManifestLimits.bytesMax
        server = try HTTPServer(
            listeners: [try Listener(path: path.string, mode: Self.mode)], limits: limits,
            refuse: HTTPResponse.refusal, patience: routes.patience
        ) { request, peer in
            do {
                let callers = Callers(
                    daemonUser: Int(geteuid()), adminGroup: settings.adminGroup)
                return await routes.respond(to: request, from: try callers.caller(peer))
            } catch {
                return .failure(error)
            }
        }
    }

    /// There is news for those who follow events.
    package func tellFeeds() { server.tellFeeds() }

    /// How many are connected.
    package var clients: HTTPServer.Population { server.clients }

    /// Serves until the task is cancelled.
    package func run() async { await server.run() }
}
