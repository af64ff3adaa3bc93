// An HTTP/1.1 server for few clients who may mean harm: one thread owns all sockets, never blocks
// on one, and gives each connection one request within limits. Answers are worked out by tasks.

import Foundation
import Glibc
import Synchronization

/// Serves what listens until its task is cancelled.
package final class HTTPServer: Sendable {
    package typealias Handler = @Sendable (HTTPRequest, Peer) async -> HTTPResponse

    let listeners: [Listener]
    let limits: HTTPLimits
    let clock: @Sendable () -> Int
    let refuse: @Sendable (HTTPRefusal) -> HTTPResponse
    let patience: @Sendable (HTTPRequest) -> Int
    let handle: Handler
    let mailbox: Mailbox
    let population = Mutex(Population())

    /// How many are connected now.
    package struct Population: Sendable, Hashable {
        /// With a request, or its answer.
        package var connections = 0
        package var feeds = 0
    }

    /// Milliseconds that nobody can set.
    package static let monotonicClock: @Sendable () -> Int = {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }

    /// - Parameters:
    ///   - listeners: are closed at the end of `run`.
    ///   - refuse: words a refusal; is called on the thread of the sockets.
    ///   - patience: how many milliseconds an answer may take to be worked out.
    ///   - handle: answers a whole request; its task is cancelled where the client leaves.
    /// - Throws: `Listener.ListenError`.
    package init(
        listeners: [Listener], limits: HTTPLimits = HTTPLimits(),
        clock: @escaping @Sendable () -> Int = HTTPServer.monotonicClock,
        refuse: @escaping @Sendable (HTTPRefusal) -> HTTPResponse,
        patience: @escaping @Sendable (HTTPRequest) -> Int = { _ in 30_000 },
        handle: @escaping Handler
    ) throws {
        self.listeners = listeners
        self.limits = limits
        self.clock = clock
        self.refuse = refuse
        self.patience = patience
        self.handle = handle
        mailbox = try Mailbox()
    }

    /// Serves; returns when its task is cancelled and all connections are closed.
    package func run() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let thread = Thread {
                    var loop = ConnectionLoop(self)
                    loop.run()
                    continuation.resume()
                }
                thread.name = "http"
                thread.start()
            }
        } onCancel: {
            mailbox.post(.stop)
        }
    }

    /// Looks at the clock now: for clocks that tests move.
    package func wake() { mailbox.post(.look) }

    /// Has all feeds asked for what is new; any number of times costs one round.
    package func tellFeeds() { mailbox.post(.news) }

    /// As of the last time that the sockets were waited for.
    package var clients: Population { population.withLock { $0 } }
}
