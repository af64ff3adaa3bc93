// The routes of the API, listed in docs/JOB_FORMAT.md: who asks is known before anything is done,
// and jobs that the caller may not see are not there.

import Catalogue
import DurableIO
import Failures
import Foundation
package import HTTP
import Jobs
import Pages
import Store
import SystemPackage

package struct StatusRoutes: Sendable {
    private let live: LiveConfiguration
    private var configuration: DaemonConfiguration { live.current }
    private let queue: JobQueue
    private let inbox: Inbox
    private let submissions: SubmissionCheck
    private let forecaster: Forecaster
    /// What others have to answer: who may come in, events, pages.
    private let others: @Sendable () -> [Route]
    /// How an error looks to a browser; nil where there are no pages.
    private let failurePage: FailurePage?
    private let notify: NotifyRoutes
    private var visibility: Visibility { Visibility(isPrivate: configuration.isPrivate) }

    /// Of an error, for whom, and what of her form it has to give back.
    typealias FailurePage = @Sendable (any Error, Visitor, TypedText?) -> HTTPResponse

    package init(settings: LiveConfiguration, queue: JobQueue, inbox: Inbox) {
        self.init(settings: settings, queue: queue, inbox: inbox, others: { [] })
    }

    /// - Parameters:
    ///   - forecaster: nil for one of its own.
    ///   - others: asked for each request, as settings may change.
    init(
        settings: LiveConfiguration, queue: JobQueue, inbox: Inbox,
        forecaster: Forecaster? = nil, others: @escaping @Sendable () -> [Route],
        failurePage: FailurePage? = nil
    ) {
        self.others = others
        self.failurePage = failurePage
        live = settings
        self.queue = queue
        self.inbox = inbox
        submissions = SubmissionCheck(settings)
        notify = NotifyRoutes(settings)
        self.forecaster = forecaster ?? Forecaster(settings)
    }

    /// With all pages, for those whom the kernel knows.
    package init(pagesOf settings: LiveConfiguration, queue: JobQueue, inbox: Inbox) {
        let pages = PageRoutes(
            settings: settings, queue: queue, inbox: inbox,
            people: People(settings.current.directory, uptime: settings.current.clock.uptime)
        ).all
        self.init(
            settings: settings, queue: queue, inbox: inbox, others: { pages },
            failurePage: PageAnswer.failure)
    }

    /// Milliseconds that the answer may take.
    package func patience(for request: HTTPRequest) -> Int {
        (try? all.find(request))?.route.patience ?? Route.patience
    }

    /// Answers somebody whom the kernel knows; an error becomes a document.
    package func respond(to request: HTTPRequest, from caller: Caller) async -> HTTPResponse {
        let arrival = Arrival(way: .network, party: .user(caller.user))
        return await respond(to: request, arrival) { _ in Visitor(known: caller) }
    }

    /// Answers; an error becomes a document.
    /// - Parameters:
    ///   - stay: what tells whether a visitor may stay; nil where nothing could end that.
    ///   - admit: says who it is that wants to come in there, or throws.
    func respond(
        to request: HTTPRequest, _ arrival: Arrival,
        stay: @escaping @Sendable (Visitor) -> Stay? = { _ in nil },
        _ admit: (Route) async throws -> Visitor
    ) async -> HTTPResponse {
        // Where nobody is let in, nobody is told more than that.
        var known = Visitor.nobody(basePath: configuration.basePath)
        var typed: TypedText?
        do {
            let (route, named) = try all.find(request)
            typed = route.typed(request)
            let visitor = try await admit(route)
            known = visitor
            if !route.isOpen { try visitor.require(route.needs) }
            let job = named["id"]
            if let job { try await requireVisible(job, to: visitor.caller) }
            return try await route.answer(
                Route.Call(
                    request: request, visitor: visitor, arrival: arrival, job: job ?? "",
                    named: named, stay: { stay(visitor) }))
        } catch {
            if let stale = error as? StaleForm { known = stale.visitor }
            let isBrowser =
                request.path.first != "v1"
                && request.header("accept")?.contains("text/html") ?? false
            guard isBrowser, typed != nil || !(error is LoginNeeded), let failurePage else {
                return .failure(error)
            }
            return failurePage(error, known, typed)
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

    private var all: [Route] { looking + changing + describing + notify.all + others() }

    private var describing: [Route] {
        [Route("GET /v1/openapi.json") { _ in .json(bytes: try description) }]
    }

    /// The API as an OpenAPI document, in JSON.
    package var description: [UInt8] {
        get throws {
            let entries = all.described(StatusTexts.all).map {
                APIDescription.Entry(method: $0.method, path: $0.path, text: $0.text)
            }
            return Array(
                try JobJSON.encode(
                    APIDescription.document(entries, version: Product.version)))
        }
    }

    /// Routes that say nothing of themselves, and words about routes that there are not: for tests.
    package var undescribed: [String] {
        let routes = all.described(StatusTexts.all)
        // Pages are for people.
        return routes.filter { $0.text == nil && !$0.isPage }.map(\.words)
            + StatusTexts.all.keys.filter { words in !routes.contains { $0.words == words } }
    }

    private var looking: [Route] {
        [
            Route("GET /v1/status") { call in
                .json(try await queue.status(seenBy: visibility.limit(for: call.caller)))
            },
            Route("GET /v1/inbox") { call in
                .json(await inbox.report(seenBy: visibility.limit(for: call.caller)))
            },
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
            Route("GET /v1/jobs/:id/log") { try await log(of: $0) },
        ]
    }

    private var changing: [Route] {
        [
            Route("POST /v1/check") { .json(try await description(in: $0)) },
            Route("POST /v1/plan", patience: forecastPatience) { call in
                let forecast = try await forecaster.forecast(
                    try await description(in: call),
                    for: try await queue.submitters.find(call.caller.user))
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
    private func log(of call: Route.Call) async throws -> HTTPResponse {
        let bytesMax = 262_144
        let folder = JobFolder(configuration.folders.job(call.job))
        let offset = try call.offset()
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
