// Who it is that asks: by the kernel over the unix socket, by a proxy that is believed, by a token,
// or by the session that began with one. What each may do is the route's to say.

import Failures
import HTTP
import Jobs
import Logging
import Synchronization

package final class Entrance: Sendable {
    let live: LiveConfiguration
    let tokens: TokenKeeper
    private let people: People
    private let sessions = Mutex(SessionTable())
    /// Whose answers go on.
    let stays = Stays()
    private let wrong = Mutex(WrongTokens())
    /// Seals the forms of those who have no session; of this process alone.
    private let key = Secret()
    private let daemonUser: Int
    let logger: Logger

    static let cookie = "layerfold_session"
    /// Cookies of that name that are looked at: one of another path may stand before ours.
    private static let cookiesMax = 4

    init(
        _ live: LiveConfiguration, tokens: TokenKeeper, people: People, daemonUser: Int,
        logger: Logger
    ) {
        self.live = live
        self.tokens = tokens
        self.daemonUser = daemonUser
        self.logger = logger
        self.people = people
    }

    var basePath: String { live.current.basePath }
    private var uptime: Int { live.current.clock.uptime() }

    // MARK: Coming in

    /// Whoever wants to come in there.
    /// - Throws: `LoginNeeded` where nobody knows who it is; `StaleForm`, `HTTPRefusal`,
    ///   `ErrorDocument`.
    func admit(
        _ request: HTTPRequest, _ arrival: Arrival, to route: Route
    ) async throws -> Visitor {
        guard let visitor = try await visitor(request, arrival, to: route) else {
            if route.isOpen { return .nobody(basePath: basePath) }
            let isBrowser = request.header("accept")?.contains("text/html") ?? false
            throw LoginNeeded(
                login: route.isPage && isBrowser
                    ? LoginAddress.make(for: request, basePath: basePath) : nil)
        }
        if route.isPage, !route.isOpen, RequestGuard.isChange(request) {
            try Self.requireSeal(of: visitor, on: request)
        }
        return visitor
    }

    /// - Throws: `StaleForm` where a form is not of a page that this visitor was shown;
    ///   `HTTPRefusal`.
    private static func requireSeal(of visitor: Visitor, on request: HTTPRequest) throws {
        guard request.isForm else {
            throw HTTPRefusal(
                status: 415,
                message: "expected a form (application/x-www-form-urlencoded); programs use the "
                    + "routes below /v1")
        }
        let sealed = try FormBody(request.body).value("form_token") ?? ""
        guard Comparison.isSame(sealed, visitor.formToken) else {
            throw StaleForm(visitor: visitor)
        }
    }

    private func visitor(
        _ request: HTTPRequest, _ arrival: Arrival, to route: Route
    ) async throws -> Visitor? {
        if let text = try Self.bearer(request) {
            let record = try await check(text, arrival)
            let id = record.summary.id
            return try await visitor(
                record, formToken: FormSeal.make(key, for: "token \(id)"), hasSession: false)
        }
        switch arrival.way {
        case .kernel(let peer):
            let caller = try callers.caller(peer)
            // Programs have no need of names, which a directory service may be slow to tell.
            let name = route.isPage ? await people.find(caller.user).name : nil
            return Visitor(
                known: caller, formToken: FormSeal.make(key, for: "user \(caller.user)"),
                basePath: basePath, name: name)
        case .proxy(let user): return try await visitor(namedByProxy: user)
        case .network: return try await visitor(bySession: request)
        }
    }

    private var callers: Callers { Callers(daemonUser: daemonUser, adminGroup: live.adminGroup) }

    /// The token of a program; other schemes are the proxy's business.
    private static func bearer(_ request: HTTPRequest) throws(HTTPRefusal) -> String? {
        let values = request.headers("authorization")
        guard values.count <= 1 else {
            throw HTTPRefusal(status: 400, message: "a request has one header Authorization")
        }
        let words = values.first?.split(separator: " ", maxSplits: 1) ?? []
        guard words.first?.lowercased() == "bearer" else { return nil }
        return words.count == 2 ? String(words[1]) : ""
    }

    private func visitor(namedByProxy name: String) async throws -> Visitor {
        guard let user = try await people.number(named: name), user != 0, user != daemonUser else {
            logger.warning(
                "a proxy names somebody who may not come in",
                metadata: [
                    "user": "\(name)"
                ])
            throw ErrorDocument(
                code: .forbidden,
                message: "`\(OneLine.text(name, bytesMax: 200))`, as whom the proxy lets you in, "
                    + "is no user of this machine who may come in by a proxy")
        }
        let person = await people.find(user)
        return Visitor(
            known: try callers.caller(Peer(user: user, groups: person.groups)),
            formToken: FormSeal.make(key, for: "user \(user)"), basePath: basePath,
            name: person.name)
    }

    /// A token gives no more than its person has now.
    private func visitor(
        _ record: TokenRecord, formToken: String, hasSession: Bool
    ) async throws -> Visitor {
        let (user, asked) = (record.summary.user, record.summary.scope)
        let person = await people.find(user)
        let known = try callers.caller(Peer(user: user, groups: person.groups))
        let scope = asked == .admin && !known.isAdmin ? .submit : asked
        return Visitor(
            caller: Caller(user: user, isAdmin: scope == .admin), scope: scope,
            formToken: formToken, basePath: basePath, name: person.name,
            token: record.summary.id, hasSession: hasSession)
    }

    // MARK: Staying

    /// What tells whether somebody who came in may stay. It keeps of the request what says who it
    /// is, and no more.
    func stay(of visitor: Visitor, _ request: HTTPRequest, _ arrival: Arrival) -> Stay {
        let secrets = visitor.hasSession ? Self.cookies(request) : []
        return stays.begin { [self] in
            do {
                return try await isWelcome(visitor, secrets, arrival.way)
            } catch {
                // As when she came: who cannot be found out is not let in.
                return false
            }
        }
    }

    /// Whether somebody who came in would be let in now, with the same rights.
    private func isWelcome(
        _ visitor: Visitor, _ secrets: [Secret], _ way: Arrival.Way
    ) async throws -> Bool {
        guard let token = visitor.token else {
            return switch way {
            case .kernel(let peer): try callers.caller(peer) == visitor.caller
            case .proxy(let user):
                try await self.visitor(namedByProxy: user).caller == visitor.caller
            case .network: false
            }
        }
        let now = uptime
        let hasSession =
            !visitor.hasSession
            || secrets.contains { secret in
                sessions.withLock { $0.find(secret, now: now) }?.token == token
            }
        guard hasSession, let record = try await tokens.valid(token) else { return false }
        let present = try await self.visitor(
            record, formToken: visitor.formToken, hasSession: visitor.hasSession)
        return present.caller == visitor.caller
    }

    // MARK: Sessions

    private func visitor(bySession request: HTTPRequest) async throws -> Visitor? {
        let now = uptime
        for secret in Self.cookies(request) {
            let session = sessions.withLock { $0.find(secret, now: now) }
            guard let session else { continue }
            guard let record = try await tokens.valid(session.token),
                record.summary.user == session.user
            else {
                sessions.withLock { $0.end(secret) }
                continue
            }
            return try await visitor(
                record, formToken: FormSeal.make(secret, for: "session"), hasSession: true)
        }
        return nil
    }

    private static func cookies(_ request: HTTPRequest) -> [Secret] {
        let pairs = request.headers("cookie").flatMap { $0.split(separator: ";") }
        let values = pairs.compactMap { pair -> Secret? in
            let sides = pair.split(separator: "=", maxSplits: 1).map {
                $0.filter { $0 != " " && $0 != "\t" }
            }
            guard sides.count == 2, sides[0] == cookie else { return nil }
            return Secret(hex: sides[1])
        }
        return Array(values.prefix(cookiesMax))
    }

    /// Begins a session.
    /// - Returns: the value of `Set-Cookie`.
    /// - Throws: `HTTPRefusal` for a token that does not count.
    func login(_ text: String, _ arrival: Arrival) async throws -> String {
        let record = try await check(text, arrival)
        let (secret, now) = (Secret(), uptime)
        sessions.withLock {
            $0.begin(secret, token: record.summary.id, user: record.summary.user, now: now)
        }
        logger.notice(
            "login",
            metadata: [
                "user": "\(record.summary.user)", "token": "\(record.summary.id)",
                "from": "\(Self.words(arrival.party))",
            ])
        return cookie(secret.hex, seconds: SessionTable.lifeMilliseconds / 1_000, arrival)
    }

    /// Ends the session.
    /// - Returns: the value of `Set-Cookie`.
    func logout(_ request: HTTPRequest, _ arrival: Arrival) async -> String {
        for secret in Self.cookies(request) { sessions.withLock { $0.end(secret) } }
        await stays.look()
        return cookie("", seconds: 0, arrival)
    }

    private func cookie(_ value: String, seconds: Int, _ arrival: Arrival) -> String {
        "\(Self.cookie)=\(value); Path=\(basePath.isEmpty ? "/" : basePath); Max-Age=\(seconds); "
            + "HttpOnly; SameSite=Strict" + (arrival.isSecure == true ? "; Secure" : "")
    }

    // MARK: Tokens

    /// - Throws: `HTTPRefusal` for one that does not count.
    private func check(_ text: String, _ arrival: Arrival) async throws -> TokenRecord {
        let reason: String
        switch try await tokens.find(text) {
        case .good(let record): return record
        case .expired(let summary): reason = "the token `\(summary.id)` has expired"
        case .unknown: reason = "there is no such token, or no longer"
        }
        let now = uptime
        let verdict = wrong.withLock { $0.fail(arrival.party, now: now) }
        if verdict != .refuse {
            logger.warning(
                "a wrong token",
                metadata: [
                    "from": "\(Self.words(arrival.party))", "reason": "\(reason)",
                    "more": verdict == .tellLast ? "not told for a minute" : "told",
                ])
        }
        throw verdict == .refuse
            ? HTTPRefusal(
                status: 429, message: "too many wrong tokens from there: try again in a minute")
            : HTTPRefusal(
                status: 401,
                message: "\(reason): make one with `layerfold token new` on the server")
    }

    /// Makes a token for the visitor, who may give away what she has, and no more.
    func makeToken(_ request: TokenRequest, for visitor: Visitor) async throws -> NewToken {
        guard visitor.token == nil else {
            throw ErrorDocument(
                code: .forbidden,
                message: "a token makes no tokens, or one that was copied would live for ever: "
                    + "use `layerfold token new` on the server")
        }
        try visitor.require(.submit)
        let scope = request.scope ?? .submit
        guard scope <= visitor.scope else {
            throw ErrorDocument(
                code: .forbidden,
                message: "a token of the scope `\(scope.rawValue)` is for admins: take "
                    + "`\(visitor.scope.rawValue)` or less")
        }
        let made = try await tokens.make(request, for: visitor.caller.user)
        logger.notice(
            "token made",
            metadata: [
                "token": "\(made.summary.id)", "user": "\(made.summary.user)",
                "scope": "\(made.summary.scope.rawValue)", "name": "\(made.summary.name)",
            ])
        return made
    }

    func revokeToken(_ id: String, by visitor: Visitor) async throws -> TokenSummary {
        let revoked = try await tokens.revoke(id, by: visitor.caller)
        await stays.look()
        logger.notice(
            "token revoked",
            metadata: [
                "token": "\(revoked.id)", "user": "\(revoked.user)",
                "by": "\(visitor.caller.user)",
            ])
        return revoked
    }

    /// The name of a token's user, for people.
    func name(of user: Int) async -> String { await people.find(user).name }

    private static func words(_ party: Peer.Party) -> String {
        switch party {
        case .user(let user): "user \(user)"
        case .network(let address): "\(address)"
        case .unknown: "somewhere"
        }
    }
}
