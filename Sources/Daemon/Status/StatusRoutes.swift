// The routes of the API, listed in docs/JOB_FORMAT.md: who asks is known before anything is done,
// and jobs that the caller may not see are not there.

import DurableIO
import Failures
import Foundation
package import HTTP
import Jobs
import Store
import SystemPackage

package struct StatusRoutes: Sendable {
    private let live: LiveConfiguration
    private var configuration: DaemonConfiguration { live.current }
    private let queue: JobQueue
    private let inbox: Inbox
    private let submissions: SubmissionCheck
    private let forecaster: Forecaster
    private let notify: NotifyRoutes
    private var visibility: Visibility { Visibility(isPrivate: configuration.isPrivate) }

    package init(settings: LiveConfiguration, queue: JobQueue, inbox: Inbox) {
        live = settings
        self.queue = queue
        self.inbox = inbox
        submissions = SubmissionCheck(settings)
        forecaster = Forecaster(settings)
        notify = NotifyRoutes(settings)
    }

    /// Milliseconds that the answer may take.
    package func patience(for request: HTTPRequest) -> Int {
        (try? all.find(request))?.route.patience ?? Route.patience
    }

    /// Answers; an error becomes a document.
    package func respond(to request: HTTPRequest, from caller: Caller) async -> HTTPResponse {
        do {
            let (route, job) = try all.find(request)
            if let job { try await requireVisible(job, to: caller) }
            return try await route.answer(
                Route.Call(request: request, caller: caller, job: job ?? ""))
        } catch {
            return .failure(error)
        }
    }

    /// - Throws: `ErrorDocument`: the same for a job that is not there and for one that is not
    ///   shown.
    private func requireVisible(_ id: String, to caller: Caller) async throws {
        guard JobIdentifier.isValid(id) else {
            throw ErrorDocument(
                code: .notFound, message: "`\(id)` is not the identifier of a job")
        }
        guard visibility.shows(jobOf: try await queue.owner(of: id), to: caller) else {
            throw JobQueue.noJob(id)
        }
    }

    // MARK: Routes

    private var all: [Route] { looking + changing + notify.all }

    private var looking: [Route] {
        [
            Route("GET /v1/status") { call in
                .json(try await queue.status(seenBy: visibility.limit(for: call.caller)))
            },
            Route("GET /v1/inbox") { .json(await inboxReport(for: $0.caller)) },
            Route("GET /v1/jobs") { call in
                var query = try JobQuery(call.request.query.map { ($0.name, $0.value) })
                let own = visibility.limit(for: call.caller)
                // Others' jobs: none, rather than one's own under another name.
                if let own, let user = query.user, user != own {
                    return .json(JobList(jobs: []))
                }
                query.user = own ?? query.user
                return .json(try await queue.page(query))
            },
            Route("GET /v1/audit") { call in
                let query = try AuditQuery(call.request.query.map { ($0.name, $0.value) })
                let limit = visibility.limit(for: call.caller)
                return .json(try await queue.audit(query, seenBy: limit))
            },
            Route("GET /v1/jobs/:id") { call in
                var detail = try await queue.detail(call.job)
                // The address of a webhook is a key, and that of a mailbox is its owner's to give.
                if let owner = detail.record?.owner, !call.caller.mayChange(jobOf: owner) {
                    detail.record?.description.notify = nil
                }
                return .json(detail)
            },
            Route("GET /v1/jobs/:id/progress") { .json(try await queue.progress(of: $0.job)) },
            Route("GET /v1/jobs/:id/log") { try await log(of: $0.job, $0.request) },
        ]
    }

    private var changing: [Route] {
        [
            Route("POST /v1/check") { .json(try await description(in: $0)) },
            Route("POST /v1/plan", patience: forecastPatience) { call in
                let forecast = try await forecaster.forecast(
                    try await description(in: call),
                    for: await queue.submitters.find(call.caller.user))
                return .json(bytes: Array(forecast))
            },
            Route("POST /v1/jobs") { .json(try await submit($0), status: 201) },
            Route("POST /v1/jobs/:id/cancel") { call in
                .json(try await queue.cancel(call.job, by: call.caller))
            },
            Route("POST /v1/jobs/:id/retry") { call in
                .json(try await queue.retry(call.job, by: call.caller))
            },
            Route("POST /v1/jobs/:id/hold") { call in
                .json(try await queue.hold(call.job, by: call.caller))
            },
            Route("POST /v1/jobs/:id/release") { call in
                .json(try await queue.release(call.job, by: call.caller))
            },
            Route("POST /v1/jobs/:id/priority") { call in
                guard let text = call.request.query("to"), let priority = Int(text) else {
                    throw ErrorDocument(
                        code: .refused, message: "`to` in the query: expected a whole number")
                }
                return .json(
                    try await queue.setPriority(call.job, to: priority, by: call.caller))
            },
            Route("DELETE /v1/jobs/:id") { try await remove($0, .job) },
            Route("DELETE /v1/jobs/:id/results") { try await remove($0, .results) },
        ]
    }

    private var forecastPatience: Int {
        Route.patience + Int(configuration.forecastTime / .milliseconds(1))
    }

    // MARK: Answers

    /// Whose a file in the inbox is, the report does not say: on a private server only admins see
    /// names.
    private func inboxReport(for caller: Caller) async -> InboxReport {
        var report = await inbox.report()
        if let user = visibility.limit(for: caller) {
            report.staying = []
            report.rejected = report.rejected?.filter { $0.owner == user }
        }
        return report
    }

    private func remove(_ call: Route.Call, _ part: RemovedPart) async throws -> HTTPResponse {
        .json(try await queue.remove(call.job, what: part, by: call.caller))
    }

    private func submit(_ call: Route.Call) async throws -> JobReceipt {
        let description = try await description(in: call)
        let now = configuration.clock.now()
        let record = JobRecord(
            id: JobIdentifier.make(now: now), source: Self.name(of: call.request),
            owner: call.caller.user, submittedAtMilliseconds: now,
            manifestDigest: Digest(of: call.request.body).hex, description: description)
        return try await queue.submit(record, manifest: call.request.body)
    }

    /// What a manifest asks for, if it would be taken of who sends it; nothing is queued.
    private func description(in call: Route.Call) async throws -> JobDescription {
        try await submissions.description(
            of: Data(call.request.body), name: Self.name(of: call.request), by: call.caller.user)
    }

    private static func name(of request: HTTPRequest) -> String {
        request.header("x-layerfold-name") ?? "job"
    }

    /// A part of the worker's log as plain text: `?offset=N`, or its last part without.
    private func log(of id: String, _ request: HTTPRequest) async throws -> HTTPResponse {
        let bytesMax = 262_144
        let folder = JobFolder(configuration.folders.job(id))
        let offset = request.query("offset").flatMap { Int($0) }
        var chunk = FileChunk(bytes: [], nextOffset: 0)
        if try Syscalls.stat(folder.log) != nil {
            chunk = try FileChunk.read(
                folder.log, from: offset.map { .offset($0) } ?? .end(minus: bytesMax),
                bytesMax: bytesMax)
        }
        return HTTPResponse(
            status: 200, type: "text/plain; charset=utf-8",
            headers: [("X-Layerfold-Next-Offset", "\(chunk.nextOffset)")],
            .bytes(chunk.bytes))
    }
}
