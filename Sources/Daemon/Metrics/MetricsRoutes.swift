// The routes for those who watch over servers.

import HTTP
import Jobs

/// `GET /metrics` and `GET /healthz`.
package struct MetricsRoutes: Sendable {
    private let gatherer: MetricsGatherer
    private let recorder: MetricsRecorder
    private let queue: JobQueue
    private let live: LiveConfiguration

    package init(
        _ gatherer: MetricsGatherer, _ recorder: MetricsRecorder, _ queue: JobQueue,
        _ live: LiveConfiguration
    ) {
        self.live = live
        self.gatherer = gatherer
        self.recorder = recorder
        self.queue = queue
    }

    /// A queue that is stuck for so long is not well; milliseconds.
    private static let healthPatience = 5_000

    /// Neither answer depends on who asks. Nobody needs to be known for `/healthz`, which tells no
    /// more than whether; for `/metrics` somebody who may read, unless `metrics_open` is set.
    var all: [Route] {
        [
            Route("GET /metrics", isOpen: live.current.isMetricsOpen) { _ in
                HTTPResponse(
                    status: 200, type: PrometheusText.type, .bytes(await gatherer.text()))
            },
            Route("GET /healthz", patience: Self.healthPatience, isOpen: true) { _ in
                // Its answer is the proof of life.
                _ = await queue.statusLine()
                let reasons = HealthText.reasons(recorder.book)
                let text = reasons.isEmpty ? "ok\n" : reasons.map { $0 + "\n" }.joined()
                return HTTPResponse(
                    status: reasons.isEmpty ? 200 : 503, type: "text/plain; charset=utf-8",
                    .bytes(Array(text.utf8)))
            },
        ].described(Self.texts)
    }

    private static let texts: [String: RouteText] = [
        "GET /metrics": RouteText(
            "Figures for Prometheus.",
            answers: [.init(200, "The text format 0.0.4.", .text, type: "text/plain")]),
        "GET /healthz": RouteText(
            "Whether the daemon does its work.",
            answers: [
                .init(200, "`ok`.", .text, type: "text/plain"),
                .init(503, "Why it does not, a reason on each line.", .text, type: "text/plain"),
            ]),
    ]
}
