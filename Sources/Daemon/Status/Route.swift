// A route: what it matches, and whether it is about a job, whose owner then decides who sees it.

import HTTP
import Jobs

/// One line of the API.
struct Route: Sendable {
    /// What a route gets to know.
    struct Call: Sendable {
        let request: HTTPRequest
        let caller: Caller
        /// The job that the path names; empty where the route names none. The caller may see it.
        let job: String
    }

    let method: String
    /// Segments of the path; `:id` stands for a job.
    let path: [String]
    /// What the answer may take, in milliseconds.
    let patience: Int
    /// What it says of itself; nil where it was never described.
    private(set) var text: RouteText?
    let answer: @Sendable (Call) async throws -> HTTPResponse

    /// A request is answered within that.
    static let patience = 30_000

    init(
        _ words: String, patience: Int = Route.patience,
        _ answer: @escaping @Sendable (Call) async throws -> HTTPResponse
    ) {
        let words = words.split(separator: " ")
        method = String(words[0])
        path = words[1].split(separator: "/").map(String.init)
        self.patience = patience
        self.answer = answer
    }

    static let job = ":id"

    /// `GET /v1/jobs/:id`, as it was written.
    var words: String { "\(method) /\(path.joined(separator: "/"))" }

    /// The same with what it says of itself.
    func described(_ text: RouteText?) -> Route {
        var route = self
        route.text = text ?? route.text
        return route
    }

    /// The job that is named there; nil where another path is meant.
    func match(_ found: [String]) -> String?? {
        guard found.count == path.count else { return nil }
        var job: String?
        for (expected, segment) in zip(path, found) {
            if expected == Self.job { job = segment } else if expected != segment { return nil }
        }
        return .some(job)
    }
}

extension [Route] {
    /// All with what a table says of them, by their words.
    func described(_ texts: [String: RouteText]) -> [Route] {
        map { $0.described(texts[$0.words]) }
    }

    /// All with this, for lists of one.
    func described(_ text: RouteText) -> [Route] { map { $0.described(text) } }

    /// - Throws: `ErrorDocument`: no such route.
    func find(_ request: HTTPRequest) throws(ErrorDocument) -> (route: Route, job: String?) {
        for route in self where route.method == request.method {
            if case .some(let job) = route.match(request.path) { return (route, job) }
        }
        let others = filter { $0.match(request.path) != nil }.map(\.method)
        throw ErrorDocument(
            code: .notFound,
            message: "no route \(request.method) \(request.target)"
                + (others.isEmpty ? "" : "; \(others.joined(separator: ", ")) is known there"))
    }
}
