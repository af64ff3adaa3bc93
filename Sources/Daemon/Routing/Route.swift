// A route: what it matches, what a visitor needs for it, and whether it is about a job, whose owner
// then decides who sees it.

import Failures
import HTTP
import Jobs
import Pages

/// One line of the API, or a page.
struct Route: Sendable {
    /// What a route gets to know.
    struct Call: Sendable {
        let request: HTTPRequest
        let visitor: Visitor
        let arrival: Arrival
        /// The job that the path names; empty where the route names none. The caller may see it.
        let job: String
        /// What stands in the path for `:` and another word.
        var named: [String: String] = [:]
        /// For answers that go on: whether the visitor may stay. Nil where nothing could end that.
        var stay: @Sendable () -> Stay? = { nil }

        var caller: Caller { visitor.caller }

        /// Where a part of a log begins, in bytes: `?offset=N`; nil where that is not said.
        func offset() throws(ErrorDocument) -> Int? {
            guard let text = request.query("offset") else { return nil }
            guard let offset = Int(text), offset >= 0 else {
                throw ErrorDocument(
                    code: .refused, message: "`offset` in the query: expected a number")
            }
            return offset
        }
    }

    let method: String
    /// Segments of the path; `:id` stands for a job, `:` and another word for anything.
    let path: [String]
    /// What the answer may take, in milliseconds.
    let patience: Int
    /// What a visitor needs at least; is looked at in one place, before the answer.
    let needs: Visitor.Scope
    /// Whether it answers those of whom nothing is known, too.
    let isOpen: Bool
    /// What of its form a browser is given back where the form is not taken; nil for nothing.
    let keeps: TypedText.Field?
    /// What it says of itself; nil where it was never described.
    private(set) var text: RouteText?
    let answer: @Sendable (Call) async throws -> HTTPResponse

    /// A request is answered within that.
    static let patience = 30_000

    /// - Parameters:
    ///   - needs: default: `read` for GET, `submit` for changes.
    ///   - isOpen: whether nobody needs to say who she is.
    init(
        _ words: String, patience: Int = Route.patience, needs: Visitor.Scope? = nil,
        isOpen: Bool = false, keeps: TypedText.Field? = nil,
        _ answer: @escaping @Sendable (Call) async throws -> HTTPResponse
    ) {
        let words = words.split(separator: " ")
        method = String(words[0])
        path = words[1].split(separator: "/").map(String.init)
        self.patience = patience
        self.needs = needs ?? (method == "GET" ? .read : .submit)
        self.isOpen = isOpen
        self.keeps = keeps
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

    /// For browsers, with forms; else for programs.
    var isPage: Bool { path.first != "v1" }

    /// What a request has of that.
    func typed(_ request: HTTPRequest) -> TypedText? {
        guard let keeps, request.isForm,
            let form = try? FormBody(request.body), let text = form.value(keeps.name), !text.isEmpty
        else { return nil }
        return TypedText(
            keeps, text, also: keeps.also.flatMap(form.value),
            path: "/" + request.path.joined(separator: "/"))
    }

    /// What the path names, by the words of the route without their colons; nil where another path
    /// is meant.
    func match(_ found: [String]) -> [String: String]? {
        let found = found == [""] ? [] : found
        guard found.count == path.count else { return nil }
        var named: [String: String] = [:]
        for (expected, segment) in zip(path, found) {
            if expected.hasPrefix(":") {
                named[String(expected.dropFirst())] = segment
            } else if expected != segment {
                return nil
            }
        }
        return named
    }
}

extension [Route] {
    /// All with what a table says of them, by their words.
    func described(_ texts: [String: RouteText]) -> [Route] {
        map { $0.described(texts[$0.words]) }
    }

    /// All with this, for lists of one.
    func described(_ text: RouteText) -> [Route] { map { $0.described(text) } }

    /// - Throws: `ErrorDocument`: no such path; `OtherMethods`.
    func find(_ request: HTTPRequest) throws -> (route: Route, named: [String: String]) {
        for route in self where route.method == request.method {
            if let named = route.match(request.path) { return (route, named) }
        }
        let words = "no route \(request.method) \(request.target)"
        let others = filter { $0.match(request.path) != nil }.map(\.method)
        guard others.isEmpty else { throw OtherMethods(words: words, known: others) }
        throw ErrorDocument(code: .notFound, message: words)
    }
}

/// The path is there, but not for this method.
struct OtherMethods: ClassifiedFailure, CustomStringConvertible {
    let words: String
    /// The methods for which it is there.
    let known: [String]

    var failureClass: FailureClass { .user }
    var description: String { "\(words); \(known.joined(separator: ", ")) is known there" }

    /// The document that programs get; they need not tell this from a path that is not there.
    var document: ErrorDocument { ErrorDocument(code: .notFound, message: description) }

    /// What RFC 9110, 15.5.6 wants to be said beside it.
    var allow: (name: String, value: String) { ("Allow", known.joined(separator: ", ")) }
}
