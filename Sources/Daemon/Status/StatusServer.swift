// The API over a unix socket: HTTP/1.1 by FlyingFox, JSON bodies. Who may connect is a matter of
// the socket's permissions. The routes are listed in docs/JOB_FORMAT.md.

import DurableIO
import Failures
import FlyingFox
import FlyingSocks
import Foundation
import Glibc
import Jobs
import Store
import SystemPackage

package struct StatusServer: Sendable {
    private let live: LiveConfiguration
    private var configuration: DaemonConfiguration { live.current }
    private let queue: JobQueue
    private let inbox: Inbox
    private let submissions: SubmissionCheck
    private let forecaster: Forecaster
    private let server: HTTPServer
    private let path: FilePath

    /// A unix address holds 107 bytes.
    package static let pathBytesMax = 107
    /// A request is read and answered within that; a forecast has its own time on top.
    private static let answerTime = Duration.seconds(30)
    private var forecastTime: Duration { Self.answerTime + configuration.forecastTime }

    package init(settings: LiveConfiguration, queue: JobQueue, inbox: Inbox) {
        let configuration = settings.current
        live = settings
        self.queue = queue
        self.inbox = inbox
        submissions = SubmissionCheck(settings)
        forecaster = Forecaster(settings)
        path = configuration.folders.socket
        // The longest of all answers: shorter times are kept here.
        let longest = Self.answerTime + configuration.forecastTime
        server = HTTPServer(
            address: .unix(path: path.string), timeout: longest / .seconds(1), logger: .disabled)
    }

    /// Serves until the task is cancelled.
    /// - Throws: where the socket cannot be made.
    package func run() async throws {
        // Only the daemon that holds the lock comes here: a socket of this name is a dead one's.
        if try Syscalls.stat(path) != nil { try Syscalls.unlink(path) }
        await addRoutes()
        try await server.run()
    }

    /// Returns when clients can connect.
    package func waitUntilListening() async throws {
        try await server.waitUntilListening()
        // Group members may connect; the folder's permissions narrow that further.
        _ = unsafe path.withPlatformString { unsafe Glibc.chmod($0, 0o660) }
    }

    private func addRoutes() async {
        let (queue, inbox, forecastTime) = (queue, inbox, forecastTime)
        await route("GET /v1/status") { _ in try await queue.status() }
        await route("GET /v1/inbox") { _ in await inbox.report() }
        await route("GET /v1/jobs") { request in
            let (countMax, states) = try Self.selection(of: request)
            return try await queue.list(countMax: countMax, states: states)
        }
        await route("GET /v1/jobs/:id") { try await queue.detail(Self.id(of: $0)) }
        await route("GET /v1/jobs/:id/progress") { try await queue.progress(of: Self.id(of: $0)) }
        await route("POST /v1/jobs/:id/cancel") { try await queue.cancel(Self.id(of: $0)) }
        await route("POST /v1/jobs/:id/retry") { try await queue.retry(Self.id(of: $0)) }
        await route("POST /v1/check") { try await self.check($0) }
        await route("POST /v1/jobs", .created) { try await self.submit($0) }
        await server.appendRoute("POST /v1/plan") { request in
            await Self.answering(within: forecastTime) { try await self.plan(request) }
        }
        await server.appendRoute("GET /v1/jobs/:id/log") { request in
            await Self.answering { try await self.log(request) }
        }
        await server.appendRoute("*") { request in
            Self.failure(
                .init(
                    code: .notFound, message: "no route \(request.method.rawValue) \(request.path)")
            )
        }
    }

    private func route<Document: Encodable & Sendable>(
        _ route: HTTPRoute, _ status: HTTPStatusCode = .ok,
        _ answer: @escaping @Sendable (HTTPRequest) async throws -> Document
    ) async {
        await server.appendRoute(route) { request in
            await Self.answering { try Self.json(await answer(request), status) }
        }
    }

    // MARK: Answers

    private func submit(_ request: HTTPRequest) async throws -> JobReceipt {
        let bytes = try await Self.body(of: request)
        let name = request.headers[HTTPHeader("X-Layerfold-Name")] ?? "job"
        let description = try await submissions.description(of: bytes, name: name)
        let manifest = Array(bytes)
        let now = configuration.clock.now()
        let record = JobRecord(
            id: JobIdentifier.make(now: now), source: name, owner: Int(getuid()),
            submittedAtMilliseconds: now, manifestDigest: Digest(of: manifest).hex,
            description: description)
        return try await queue.admit(record, manifest: manifest)
    }

    /// Whether a manifest would be taken; nothing is queued.
    private func check(_ request: HTTPRequest) async throws -> JobDescription {
        try await submissions.description(
            of: try await Self.body(of: request),
            name: request.headers[HTTPHeader("X-Layerfold-Name")] ?? "job")
    }

    /// What a manifest would take; nothing is queued.
    private func plan(_ request: HTTPRequest) async throws -> HTTPResponse {
        let description = try await check(request)
        return HTTPResponse(
            statusCode: .ok, headers: [.contentType: "application/json"],
            body: try await forecaster.forecast(description))
    }

    /// A part of the worker's log as plain text: `?offset=N`, or its last part without.
    private func log(_ request: HTTPRequest) async throws -> HTTPResponse {
        let bytesMax = 262_144
        let id = try Self.id(of: request)
        let folder = JobFolder(try await queue.detail(id).jobDirectory.asPath)
        let offset = request.query.first { $0.name == "offset" }.flatMap { Int($0.value) }
        var chunk = FileChunk(bytes: [], nextOffset: 0)
        if try Syscalls.stat(folder.log) != nil {
            chunk = try FileChunk.read(
                folder.log, from: offset.map { .offset($0) } ?? .end(minus: bytesMax),
                bytesMax: bytesMax)
        }
        return HTTPResponse(
            statusCode: .ok,
            headers: [
                .contentType: "text/plain; charset=utf-8",
                HTTPHeader("X-Layerfold-Next-Offset"): "\(chunk.nextOffset)",
            ], body: Data(chunk.bytes))
    }

    /// The body, refused as soon as it is known to be too long.
    private static func body(of request: HTTPRequest) async throws -> Data {
        let tooLarge = ErrorDocument(
            code: .tooLarge,
            message: "a manifest holds at most \(ManifestLimits.bytesMax) bytes")
        if let text = request.headers[.contentLength], let length = Int(text),
            length > ManifestLimits.bytesMax
        {
            throw tooLarge
        }
        var body = Data()
        for try await chunk in request.bodySequence {
            guard body.count + chunk.count <= ManifestLimits.bytesMax else { throw tooLarge }
            body.append(contentsOf: chunk)
        }
        return body
    }

    /// `?limit=N&state=failed,cancelled`
    private static func selection(
        of request: HTTPRequest
    ) throws -> (countMax: Int, states: [JobState]) {
        let countMax = 1_000
        func value(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
        let count = value("limit").map { Int($0) ?? 0 } ?? countMax
        let words = value("state")?.split(separator: ",").map(String.init) ?? []
        let states = words.compactMap(JobState.init(rawValue:))
        guard count > 0, states.count == words.count else {
            throw ErrorDocument(
                code: .refused, message: "limit or state are not as the documentation has them")
        }
        return (min(count, countMax), states)
    }

    private static func id(of request: HTTPRequest) throws -> String {
        let id = request.routeParameters["id"] ?? ""
        guard JobIdentifier.isValid(id) else {
            throw ErrorDocument(
                code: .notFound, message: "`\(id)` is not the identifier of a job")
        }
        return id
    }

    private static func answering(
        within limit: Duration = answerTime,
        _ body: @escaping @Sendable () async throws -> HTTPResponse
    ) async -> HTTPResponse {
        do {
            return try await withThrowingTaskGroup { group in
                group.addTask { try await body() }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw ErrorDocument(
                        code: .unavailable,
                        message: "no answer within \(limit.components.seconds) s")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? HTTPResponse(statusCode: .internalServerError)
            }
        } catch let error as ErrorDocument {
            return failure(error)
        } catch let error as ManifestError {
            return failure(
                .init(code: .manifest, message: error.description, manifestError: error))
        } catch {
            return failure(.init(code: .unavailable, message: FaultText.describe(error)))
        }
    }

    private static func failure(_ error: ErrorDocument) -> HTTPResponse {
        let status: HTTPStatusCode =
            switch error.code {
            case .manifest: HTTPStatusCode(422, phrase: "Unprocessable Content")
            case .notFound: .notFound
            case .refused: .conflict
            case .tooLarge: HTTPStatusCode(413, phrase: "Content Too Large")
            case .unavailable: .serviceUnavailable
            }
        return (try? json(error, status)) ?? HTTPResponse(statusCode: .internalServerError)
    }

    private static func json(
        _ document: some Encodable, _ status: HTTPStatusCode
    ) throws -> HTTPResponse {
        HTTPResponse(
            statusCode: status, headers: [.contentType: "application/json"],
            body: try JobJSON.encode(document))
    }
}

extension String {
    fileprivate var asPath: FilePath { FilePath(self) }
}
