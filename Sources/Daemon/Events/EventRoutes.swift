// The route of the event stream.

import HTTP
import Jobs

/// `GET /v1/events`.
package struct EventRoutes: Sendable {
    private let hub: EventHub
    private let live: LiveConfiguration
    private let queue: JobQueue

    package init(_ hub: EventHub, _ live: LiveConfiguration, _ queue: JobQueue) {
        self.hub = hub
        self.live = live
        self.queue = queue
    }

    var all: [Route] {
        [Route("GET /v1/events") { try await stream(for: $0) }.described(Self.text)]
    }

    private func stream(for call: Route.Call) async throws -> HTTPResponse {
        let query = try EventQuery(
            call.request.query.map { ($0.name, $0.value) },
            lastEvent: call.request.header("last-event-id"))
        if let job = query.job {
            let visibility = Visibility(isPrivate: live.current.isPrivate)
            guard JobIdentifier.isValid(job),
                visibility.shows(jobOf: try await queue.owner(of: job), to: call.caller)
            else { throw JobQueue.noJob(job) }
        }
        return HTTPResponse(
            status: 200, type: "text/event-stream",
            // A proxy that gathers bytes would hold events back.
            headers: [("X-Accel-Buffering", "no")],
            .feed(
                EventFeed(
                    hub, live, for: call.caller, after: query.after, job: query.job,
                    stay: call.stay())))
    }

    private static let text = RouteText(
        "What happens on the server, as it happens: server-sent events, each with a number from "
            + "where a client that comes back goes on.",
        parameters: [
            .query("after", .integer(min: 0), "The number of the last event that is known."),
            .query("job", .text, "Only events about this job."),
            .header("Last-Event-ID", .integer(min: 0), "As `after`; goes over it."),
        ],
        answers: [
            .init(
                200, "Events, as long as the client stays.", .named("TimedEvent"),
                type: "text/event-stream")
        ])
}
